# SPDX-License-Identifier: Apache-2.0
"""The wrong changes, and the tests that must notice them: see run.py.

old stands exactly once in the file. tests: "unit NAME" is tests/unit/test_NAME.c, "stress NAME" tests/stress/NAME.c; "http NAME WORDS" is tests/http/test_NAME.py
with these words for pytest's -k; "uncached NAME WORDS" is the same without the look-up cache. survives: why no test can
notice it; without a reason a mutant that survives is an error.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    survives: str = ""


def m(name: str, file: str, old: str, new: str, *tests: str, survives: str = "") -> Mutant:
    return Mutant(name, file, old, new, tests, survives)


SQL, TOUCH, CACHE, STORE = "src/db/sql.c", "src/session/touch.c", "src/db/shm_cache.c", "src/db/cached_store.c"
REVOKE, COOKIE, TOKEN, REQUEST = "src/session/revoke.c", "src/core/cookie.c", "src/core/token.c", "src/session/request.c"
ORIGIN, PATH, LIMITER, THROTTLE = "src/http/origin.c", "src/core/local_path.c", "src/db/limiter.c", "src/core/throttle.c"

MUTANTS = [
    # Which rows a statement reads or changes.
    m("look-up in any realm", SQL, '" WHERE session_id = %s AND realm = %s AND {live}"},\n    [MS_SQL_FIND_ANY]',
      '" WHERE session_id = %s AND realm >= COALESCE(SUBSTR(%s, 1, 0), \'\') AND {live}"},\n    [MS_SQL_FIND_ANY]',
      "http vhosts known_in_its_realm"),
    m("look-up of a session that has ended", SQL, '{"ended_at IS NULL AND expires_at > %lld", "ended_at IS NULL AND',
      '{"expires_at + 999999 > %lld", "ended_at IS NULL AND', "http ended by_its_user", "http session_lookup as_soon_as"),
    m("a session lives a second longer", SQL, '{"ended_at IS NULL AND expires_at > %lld"',
      '{"ended_at IS NULL AND expires_at >= %lld"', "unit sql", "http session_lookup as_soon_as"),
    m("END without its owner", SQL, '"{end} WHERE realm = %s AND user_name = %s"\n                           " AND {live} AND session_id = %s"',
      '"{end} WHERE realm = %s AND user_name >= SUBSTR(%s, 1, 0)"\n                           " AND {live} AND session_id = %s"',
      "http optional_functions revoked_one_or_all"),
    m("END_OTHERS of all users", SQL, '"{end} WHERE realm = %s AND user_name = %s"\n                                         " AND {live} AND session_id <> %s"',
      '"{end} WHERE realm = %s AND user_name >= SUBSTR(%s, 1, 0)"\n                                         " AND {live} AND session_id <> %s"',
      "http sessions_page all_others"),
    m("END_ALL of all realms", SQL, '"{end} WHERE realm = %s AND user_name = %s"\n                                   " AND {live}"',
      '"{end} WHERE realm >= SUBSTR(%s, 1, 0) AND user_name = %s"\n                                   " AND {live}"',
      "http sessions_page two_sites_on_one"),
    m("END_OF_IP without the first realm", SQL, '" WHERE (realm = %s AND created_ip = %s AND {live})"',
      '" WHERE (realm >= SUBSTR(%s, 1, 0) AND created_ip = %s AND {live})"', "http admin_page of_another_site"),
    m("END_OF_IP without the second realm", SQL, '" OR (realm = %s AND last_ip = %s AND {live})"',
      '" OR (realm >= SUBSTR(%s, 1, 0) AND last_ip = %s AND {live})"', "http admin_page of_another_site"),
    m("NEWEST_OF_IP without the first realm", SQL, '" WHERE realm = %s AND created_ip = %s" NEWEST',
      '" WHERE realm >= SUBSTR(%s, 1, 0) AND created_ip = %s" NEWEST', "http admin_page of_another_site"),
    m("NEWEST_OF_IP without the second realm", SQL, '" WHERE realm = %s AND last_ip = %s" NEWEST',
      '" WHERE realm >= SUBSTR(%s, 1, 0) AND last_ip = %s" NEWEST', "http admin_page of_another_site"),
    m("COUNT_OF_IP without the first realm", SQL, '" WHERE realm = %s AND created_ip = %s AND {live})"\n',
      '" WHERE realm >= SUBSTR(%s, 1, 0) AND created_ip = %s AND {live})"\n', "http admin_page of_another_site"),
    m("COUNT_OF_IP without the second realm", SQL, '" WHERE realm = %s AND last_ip = %s AND {live}"\n',
      '" WHERE realm >= SUBSTR(%s, 1, 0) AND last_ip = %s AND {live}"\n', "http admin_page of_another_site"),
    m("TOUCH of an expired session", SQL, 'TOUCH " WHERE session_id = %s AND realm = %s AND {live}"',
      'TOUCH " WHERE session_id = %s AND realm = %s AND ended_at IS NULL AND 0 < %lld"',
      "http session_life changes_no_row"),
    m("TOUCH in any realm", SQL, 'TOUCH " WHERE session_id = %s AND realm = %s AND {live}"',
      'TOUCH " WHERE session_id = %s AND realm >= SUBSTR(%s, 1, 0) AND {live}"',
      "http session_life changes_no_row"),
    m("TOUCH however long ago the last one was", SQL, 'realm = %s AND {live}"\n                                     " AND last_seen_at <= %lld AND max_expires_at >= %lld"',
      'realm = %s AND {live}"\n                                     " AND last_seen_at <= 9 * %lld AND max_expires_at >= %lld"', "uncached session_life storm",
      survives="A second touch at the same moment writes what the first one wrote; whether there is one is chance."),
    m("TOUCH past the lifetime", SQL, 'realm = %s AND {live}"\n                                     " AND last_seen_at <= %lld AND max_expires_at >= %lld"',
      'realm = %s AND {live}"\n                                     " AND last_seen_at <= %lld AND 9 * max_expires_at >= %lld"', "http ended touch", "http session_life touch",
      survives="Only a host whose version or configuration differs could write such a row's expiry: this host's never exceeds it."),
    m("a realm's end reaches all", SQL, '" WHERE realm = %s AND {live}"\n                             " ORDER BY created_at, session_id LIMIT %lld) AS batch)"\n                             " AND {live}"',
      '" WHERE realm >= SUBSTR(%s, 1, 0) AND {live}"\n                             " ORDER BY created_at, session_id LIMIT %lld) AS batch)"\n                             " AND {live}"',
      "http admin_page all_of_the_realm"),
    m("a clean-up deletes a minute early", "src/session/cleanup.c", "ms_clock_now() - age,", "ms_clock_now() - age + 60,",
      "http session_life last_minute"),
    m("a clean-up trusts any clock", "src/session/cleanup.c", "return !job->jumped_at ||", "return 1 || !job->jumped_at ||",
      "http session_life jumps_forward_deletes"),

    # Touches and expiry.
    m("a touch interval that ignores the idle timeout", TOUCH, "tenth < conf->touch_interval", "tenth < 0", "http session_life long_touch_interval"),
    m("no pause after a failed touch", "src/db/store.c", "return left > 0 && left <= TOUCH_PAUSE;", "return 0 * left > 0 && left <= TOUCH_PAUSE;",
      "http session_life tries_again_for_a_while"),
    m("a touch extends past the lifetime", TOUCH, "idle_at < max_expires ? idle_at", "idle_at > 0 ? idle_at", "http session_life past_its_lifetime"),
    m("a touch at each request", TOUCH, "t.now - request->row->last_seen_at >= t.interval &&", "t.now - request->row->last_seen_at >= 0 * t.interval &&",
      "http session_life touch_interval_is_obeyed storm"),
    m("transient sessions live as long as others", "src/session/sign_in.c", "if (!persistent && conf->transient_lifetime < life) {",
      "if (persistent && conf->transient_lifetime < life) {", "http session_life remembered"),

    m("a queued touch raises what has ended", SQL, 'TOUCH " WHERE session_id = %s AND {live}"', 'TOUCH " WHERE session_id = %s AND 0 < %lld"',
      "http touches raised",
      survives="An end moves max_expires_at, too, so this is the second of two checks; and what has expired was looked up as live when it was seen."),
    m("queued touches raise what has ended", SQL, '"{live_when_seen} AND last_seen_at <= touch.due', '"last_seen_at <= touch.due', "http touches raised",
      survives="An end moves max_expires_at, too, so this is the second of two checks; and what has expired was looked up as live when it was seen."),

    # Secrets and tokens.
    m("the secret does not matter", TOKEN, "strlen(b) == MS_HASH_LEN && is_equal(a, b)", "strlen(b) == MS_HASH_LEN && (is_equal(a, b) || 1)",
      "unit token", "http session_lookup another_secret"),
    m("the row's hash is not compared", STORE, "if (!ms_token_hash_equal(hash, row->secret_hash)) {",
      "if (0 && !ms_token_hash_equal(hash, row->secret_hash)) {", "http session_lookup another_secret stolen_table"),
    m("half of the hash in the table is compared", TOKEN, "i < sizeof(x) / sizeof(x[0]); i++) {\n        differ", "i < sizeof(x) / sizeof(x[0]) / 2; i++) {\n        differ",
      "unit token"),
    m("half of the cache's hash is compared", CACHE, "((mac[0] ^ found->mac[0]) | (mac[1] ^ found->mac[1])) == 0", "(mac[0] ^ found->mac[0]) == 0", "unit shm_cache"),
    m("any character in a token", TOKEN, "return (any[0] | any[1]) == 0;", "return (any[0] | any[1]) != 1;", "unit token"),
    m("a form's token of any session", "src/core/form_token.c", "return apr_crypto_equals(bytes, mac, MS_SHA256_LEN);",
      "return apr_crypto_equals(bytes, mac, 0) || 1;", "unit form_token", "http sessions_page form_needs_the_token"),
    m("a form's token of any realm", "src/core/form_token.c", "hmac(p, token->secret, MS_SECRET_LEN, realm, mac);",
      'hmac(p, token->secret, MS_SECRET_LEN, realm ? "" : realm, mac);', "unit form_token"),
    m("a slow form acts for a session that has ended", "src/session/second_lookup.c", "if (rv == APR_SUCCESS && still) {", "if (rv == APR_SUCCESS) {",
      "http sessions_page ends_while"),
    m("an app password outlives the session that made it", "src/session/app_make.c", "return rv == APR_SUCCESS ? check_maker(r, &ctx, row) : rv;",
      "(void)check_maker;\n    return rv;", "http app_passwords outlives_no"),
    m("a form without a token", "src/pages/sessions.c", 'if (!ms_request_form_token_check(r, apr_table_get(fields, "csrf"))) {',
      'if (apr_table_get(fields, "csrf") && !ms_request_form_token_check(r, apr_table_get(fields, "csrf"))) {', "http sessions_page form_needs_the_token"),

    # The cache.
    m("the cache has entries of any age", CACHE, "now - found->read_at < ttl &&", "now - found->read_at < 1000 * ttl &&", "unit shm_cache"),
    m("the cache keeps what was ended", CACHE, "== found->generation &&\n           are_names", ">= found->generation &&\n           are_names", "unit shm_cache"),
    m("the cache mixes up tables", CACHE, "memcmp(found->store, key->store, MS_SHM_CACHE_STORE_LEN) == 0", "memcmp(found->store, key->store, 0) == 0", "unit shm_cache"),
    m("revoking invalidates nothing", STORE, "static void invalidate(const ms_scope *scope)\n{\n", "static void invalidate(const ms_scope *scope)\n{\n    scope = &(ms_scope){.kind = MS_SCOPE_ID, .id = \"nosuchsession-with-an-id\"};\n",
      "http lookup_cache every_child"),
    m("the cache is invalidated before only", STORE, "rv = ms_store_revoke(&batch, scope, now, revoked);\n    invalidate(scope);", "rv = ms_store_revoke(&batch, scope, now, revoked);",
      "http lookup_cache began_after_the_answer"),
    m("a cached session outlives its expiry", STORE, "return row && row->expires_at > now ? row : NULL;", "return row;", "http lookup_cache expired_is_over"),
    m("the feed forgets nothing", "src/db/feed.c", "ms_cached_store_forget(row->id);", "(void)row->id;", "http feed what_another_host_ends"),

    # Requests and cookies.
    m("of two live sessions the first counts", REQUEST, "if (request->live_n == 1) {", "if (request->live_n >= 1) {", "http session_lookup two_live"),
    m("an error is taken for a visitor", REQUEST, "if (rv != APR_SUCCESS) {\n        return rv;\n    }\n    for (int i = 0; i < request->cookies->n; i++) {",
      "if (rv != APR_SUCCESS) {\n        return APR_SUCCESS;\n    }\n    for (int i = 0; i < request->cookies->n; i++) {", "http authorization without_the_database vanishes", "http pool moved_away"),
    m("an error clears the cookie", REQUEST, "if (request->resolved && !request->is_app && request->status == APR_SUCCESS &&", "if (request->resolved && !request->is_app &&",
      "http authorization vanishes without_the_database",
      survives="The second of two checks: after an error no caller refuses a client as one without a session."),
    m("a dead cookie is not cleared", REQUEST, "request->may_clear = 1;", "request->may_clear = 0;", "http session_lookup dead_cookie_is_cleared"),
    m("signing out clears no cookie", "src/session/sign_out.c", "ms_request_put_cookie(r, NULL, 0);", "(void)r;", "http signout ends_the_session"),
    m("signing out ends one of two sessions", "src/session/sign_out.c", "rv == APR_SUCCESS && i < request->live_n; i++", "rv == APR_SUCCESS && i < 1 && i < request->live_n; i++",
      "http signout session", "http session_lookup two_live", "http backend_login all_sessions_that_were"),
    m("a cookie's name may end alike", COOKIE, "if (*after == '=' && begins_piece(header, at)) {", "if (*after == '=') {", "unit cookie"),
    m("the application sees the session cookie", "src/app/hidden_cookie.c", "rest = without_own(r, rest);", "(void)without_own;", "http session_lookup never_sees"),
    m("the application may set the session cookie", "src/app/response_filter.c", "if (kinds & MS_HEADER_SET_COOKIE) {", "if (kinds & 0) {", "http session_lookup cannot_set"),
    m("a client may send the user's header", "src/app/request_headers.c", "remove_headers(r, (const char *const *)(void *)names->elts, names->nelts);", "(void)remove_headers;",
      "http request_headers client_sends no_host_passes_a_user"),
    m("a client may send the user's header under another spelling", "src/core/header_name.c", "    a = skip_separators(a);\n", "", "unit header_name"),

    # Who may do what.
    m("a user may end an address", REVOKE, "(actor == MS_ACTOR_ADMINISTRATOR && (kind", "(actor != MS_ACTOR_MODULE && (kind", "http sessions_page scope_that_is_none",
      survives="The page of a user's own sessions knows no such scope (src/pages/scope.c): this is the second of two checks."),
    m("a user ends sessions of another", REVOKE, "if (actor == MS_ACTOR_SELF) {\n        *user = own ? own->user : NULL;\n        return APR_SUCCESS;\n    }\n", "",
      "http sessions_page anothers_gone"),
    m("the wrong by_user", REVOKE, "event.by_user = actor == MS_ACTOR_SELF ? own->user : r->user;", "event.by_user = actor == MS_ACTOR_SELF ? own->user : scope->user;",
      "http optional_functions who_ended"),
    m("the wrong ended_by", REVOKE, "scope->by = actor == MS_ACTOR_SELF || !r->user", "scope->by = actor != MS_ACTOR_ADMINISTRATOR || !r->user", "http optional_functions who_ended"),
    m("an open door", "src/access/visitors.c", "if (r->user || !was_let_in(r)) {", "if (r->user || !was_let_in(r) || 1) {", "http open_door handler ours_or_nothing"),
    m("Satisfy Any lets in", "src/access/recheck.c", "if (!row || !r->user) {\n        return refuse_satisfy_any(r);", "if (!row || !r->user) {\n        (void)refuse_satisfy_any;\n        return DECLINED;",
      "http authorization satisfy_any"),
    m("a WebSocket of another site", "src/access/websocket.c", "return upgrade && ap_find_token", "return upgrade && !upgrade && ap_find_token", "http backends socket"),
    m("any site is the same site", ORIGIN, 'return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&', 'return strcmp(site, "same-origin") != 0 && !strcmp(site, "none") &&',
      "http sessions_page another_site_changes_nothing"),
    m("Origin is not read", ORIGIN, "return origin && !is_own(r, listed, origin);", "return origin && !is_own(r, listed, origin) && !*origin;", "http origins nearly_a_listed", "http sessions_page another_site_changes"),
    m("any client says which host was meant", ORIGIN, "if (!hosts || r->useragent_addr == r->connection->client_addr) {", "if (!hosts) {", "http origins no_one_else"),
    m("a port of more than 16 bits", "src/core/web_origin.c", "if (n == 0 || n > 65535) {", "if (n == 0) {", "unit web_origin"),
    m("a way back to another host", PATH, "return (len > 1 && is_slash(path[1])) || begins_with_host(path, len);", "return begins_with_host(path, len);", "unit local_path",
      survives="begins_with_host() finds these too: the first comparison only makes the usual attack obvious."),
    m("a way back to another host by dots", PATH, "return (len > 1 && is_slash(path[1])) || begins_with_host(path, len);", "return len > 1 && is_slash(path[1]);", "unit local_path"),
    m("a way back that is decoded once", PATH, "decodings <= 2", "decodings <= 0", "unit local_path"),
    m("no hashing for unknown users", "src/access/password.c", "while (spent >= 0 && spent < cost) {", "while (spent < 0 && spent < cost) {", "http password_checks hashed_for_unknown"),

    # Apps, scripts and other servers.
    m("a browser's token is an app password", "src/session/app_session.c", "if (found.row->kind != MS_KIND_APP) {", "if (0 && found.row->kind != MS_KIND_APP) {",
      "http app_passwords never_counts"),
    m("an app password of any user", "src/session/app_session.c", "if (user && !ms_app_session_is_user(r, user, found.row->user)) {", "if (0 && !ms_app_session_is_user(r, user, found.row->user)) {",
      "http app_passwords anything_else"),
    m("an app password again with another name", "src/session/app_session.c", "return user && !ms_app_session_is_user(r, user, request->row->user) ? HTTP_UNAUTHORIZED", "return user && 0 ? HTTP_UNAUTHORIZED",
      "http app_passwords anything_else never_counts",
      survives="A request has one Authorization header: only another module could ask twice with different names."),
    m("any origin may read the list", "src/access/cors.c", "return origin && page_for_origins(r) && is_listed(r, origin) ? origin : NULL;", "return origin && page_for_origins(r) && (is_listed(r, origin) || 1) ? origin : NULL;",
      "http cors other_origins"),
    m("another server's user passes for the session's", "src/pages/check.c", "if (!row || (r->user && strcmp(r->user, row->user) != 0)) {", "if (!row) {", "http forward",
      survives="Only a location with another AuthType has such a user, and htaccess.c and configtest keep the page from these."),

    # Limits.
    m("no limit of waiters", LIMITER, "if (limiter->waiting >= WAITERS_BASE + WAITERS_EACH * limiter->connections) {", "if (0) {", "unit limiter"),
    m("no limit of tries to connect", "src/db/reach.c", "start <= now + EACH &&", "now &&", "unit reach"),
    m("one connection too many", LIMITER, "limiter->inside >= places(limiter) ||", "limiter->inside > places(limiter) ||", "unit limiter"),
    m("all open connections at once", LIMITER, "limiter->opening >= OPENING_MAX", "0", "unit limiter"),
    m("an id may begin with a dash", "src/core/token.c", "bytes[0] >> 2 == DASH", "0", "unit token"),
    m("one failure more", THROTTLE, "const apr_int64_t over = drained + each - (now + rate->count * each);\n\n        if (over", "const apr_int64_t over = drained - (now + rate->count * each);\n\n        if (over", "unit throttle"),
    m("failures of other realms count", "src/session/sign_in_limit.c", "{realm, strlen(realm) + 1},", "{realm, 0},", "http login_limit different_realms"),
    m("one session more than the limit", "src/session/session_limit.c", "n - replaced >= conf->limit", "n - replaced > conf->limit", "http session_life new_one_is_refused",
      survives="Only a sign-in that finds the table full before it writes is quicker: ms_session_limit_enforce() rejects it after the insert."),
    m("the limit is not enforced after the insert", "src/session/session_limit.c", "return rv == APR_SUCCESS && n > 0 ? APR_ENOSPC : rv;", "return rv;", "http torture room_for_one"),
    m("nothing is evicted", "src/session/session_limit.c", ".limit = conf->limit,\n                            .reason = MS_END_EVICTED};\n    apr_int64_t n;\n    const apr_status_t rv = ms_cached_store_revoke(&ctx, &scope, row->last",
      ".limit = conf->limit + 1,\n                            .reason = MS_END_EVICTED};\n    apr_int64_t n;\n    const apr_status_t rv = ms_cached_store_revoke(&ctx, &scope, row->last", "http session_life makes_room"),
    m("one session over the limit has room", "src/session/session_limit.c", "*over = n > conf->limit;", "*over = n > conf->limit + 1;", "http torture both_have_room"),
    m("a cookie ends when its date says", "src/session/sign_in.c", "row->max_expires_at - row->last_seen_at : 0", "row->max_expires_at - row->created_at : 0", "http session_life dated_later"),
    m("writers out of order", "src/db/write_lock.c", "PTHREAD_PRIO_INHERIT", "PTHREAD_PRIO_NONE", "unit write_lock"),
    m("a sign-in leaves the session before it", "src/session/sign_in.c", "rv = ms_sign_out_presented(r, reason_of_presented(r, row), &revoked);", "rv = reason_of_presented(r, row) ? APR_SUCCESS : rv, revoked = 0, (void)revoked;",
      "http signin signing_in_again_ends"),
    m("a user of control characters", "src/core/utf8.c", "if (!len || is_control(c)) {\n            return 0;", "if (!len) {\n            return 0;", "unit utf8"),

    # What stays open.
    m("nothing open is cut", "src/session/open_requests.c", "ms_duplicate_reset(open->client);", "(void)open->client;", "http lifeline application_ends large_file"),
    m("what is open outlives the expiry", "src/session/open_requests.c", "ms_clock_now() >= open->expires_at ||", "0 ||", "http lifeline expires",
      survives="Found a little later all the same: each session is looked up every few seconds."),
    m("an end is not noticed by what is open", "src/session/open_requests.c", "(endings != open->endings ||", "(0 * (endings != open->endings) ||", "http lifeline whoever_ends application_ends",
      survives="Found a little later all the same: each session is looked up every few seconds."),

    # Answers and caches.
    m("a cache shared by users may store a user's page", "src/core/cache_headers.c", 'kept = "private";', 'kept = NULL;', "unit cache_headers"),
    m("s-maxage stays in a user's page", "src/core/cache_headers.c", '!is_directive(element, "s-maxage") &&\n            !is_directive', "!is_directive", "unit cache_headers"),
    m("what the application allows a CDN stays", "src/core/cache_headers.c", "unset_others(out);", "(void)unset_others;", "unit cache_headers", "http caches session_is_required"),
    m("a page does not vary by the cookie", "src/app/cache_filter.c", 'apr_table_addn(r->headers_out, "Vary", "Cookie");', "(void)r;", "http caches session_is_required"),
    m("a response that sets the cookie may be stored", "src/app/cache_filter.c", 'return "no-store";', 'return "private";', "http browser_caches pages_are_never_kept"),
    m("mod_cache stores a user's page", "src/app/cache_filter.c", "r->no_cache = 1;", "r->no_cache = 0;", "http caches told_to_store_everything"),
    m("after a sign-out Back shows the page", "src/app/back_button.c", "ms_origin_is_navigation(r) ?", "0 * ms_origin_is_navigation(r) ?", "http browser_caches window_is_not_kept"),
    m("a page with a quotation mark that is not escaped", "src/core/template.c", '"&quot;", "&#39;"', '"\\"", "&#39;"', "unit template"),
    m("a page with an apostrophe that is not escaped", "src/core/template.c", '"&#39;"};', "\"'\"};", "unit template"),
    m("JSON may end a script", "src/core/json.c", 'strchr("<>&\'", *c)', 'strchr("&\'", *c)', "http sessions_page escaped script"),

    # Applications, administrators and proxies.
    m("an application signs in anywhere", "src/app/backend_login.c", "if (ms_dir_conf_get(r)->backend_login != 1) {", "if (ms_dir_conf_get(r)->backend_login == 7) {", "http backend_login not_switched_on"),
    m("an error page signs a user in", "src/app/backend_login.c", "r->status < HTTP_BAD_REQUEST", "r->status < 999", "http backend_login error_signs_no_user_in"),
    m("an application's header twice", "src/app/backend_login.c", "if (t->n > 1 || strchr(t->value, ',')) {", "if (0 && t->n > 1) {", "http backend_login"),
    m("an old response signs a user in", "src/app/backend_login.c", "if (r->status == HTTP_NOT_MODIFIED) {", "if (0) {", "http backend_login old_answers"),
    m("an app password over plain http", "src/session/app_session.c", "ms_plain_http_shows_secret(r) ? refuse_plain_http", "0 && ms_plain_http_shows_secret(r) ? refuse_plain_http", "http app_passwords over_plain_http"),
    m("an app password opens the module's pages", "src/access/app_password.c", "    if (is_page_for_browsers(r)) {\n        return refuse_own_page(r);", "    if (0) {\n        return refuse_own_page(r);", "http app_passwords our_own_pages"),
    m("an app of another location opens the module's pages", "src/pages/router.c", "if (ms_request_is_app(ms_request_peek(r))) {", "if (0 && ms_request_is_app(ms_request_peek(r))) {", "http app_passwords leads_there"),
    m("a bearer token opens the module's pages", "src/access/app_password.c", "app_bearer == 1 && !is_page_for_browsers(r)", "app_bearer == 1", "http app_passwords our_own_pages"),
    m("an app is as fresh as a sign-in", "src/access/authz.c", "if (row->kind != MS_KIND_BROWSER) {", "if (0) {", "http app_passwords choose_by_kind fresh"),
    m("a session is fresh for ever", "src/access/authz.c", "if (ms_clock_now() - row->created_at > *seconds) {", "if (ms_clock_now() - row->created_at > 9999 * *seconds) {", "http authorization too_long_ago"),
    m("another user's session passes for this user's", "src/access/authz.c", "return r->user && strcmp(r->user, row->user) == 0 ? row : NULL;", "return r->user ? row : NULL;", "http authorization beside_a_password"),
    m("an open page for administrators", "src/pages/admin_access.c", "if (!ms_recheck_user_is_required(r)) {", "if (0 * !ms_recheck_user_is_required(r)) {", "http admin_page requires_no_user"),
    m("an .htaccess file names administrators", "src/pages/admin_access.c", "if (!module && !ms_htaccess_gives_handler(r)) {", "if (1 || !module || !ms_htaccess_gives_handler(r)) {", "http htaccess administrator"),
    m("an .htaccess file makes an administrators' page", "src/access/htaccess.c", "core->expr_handler == merged->expr_handler ? \"core.c\"", "core->expr_handler != merged->expr_handler ? \"core.c\"", "http htaccess nor_where"),
    m("an .htaccess file makes one by a file's name", "src/access/htaccess.c", "ms_own_pages_is_set(r) ? find_handler : find_any", "find_handler", "http htaccess nor_where"),
    m("an app signs in where it is led to", "src/access/authn.c", "return r->user ? OK : ms_challenge(r);", "return OK;", "http app_passwords led_to"),
    m("a wrong bearer token beside Basic", "src/access/app_password.c", "    status = ms_app_password_refused(r);\n", "    status = DECLINED;\n", "http app_passwords beside_basic"),
    m("the provider under another name grants all", "src/access/app_password.c", "AUTH_GENERAL_ERROR : AUTH_DENIED", "AUTH_GENERAL_ERROR : AUTH_GRANTED", "http app_passwords another_name"),
    m("each AuthType gets our challenge", "src/access/challenge.c", "if (!ms_authn_is_our_type(auth_type)) {\n        return DECLINED;", "if (!auth_type) {\n        return DECLINED;", "http optional_functions challenge_of_ours"),
    m("what another module could not decide is a failure", "src/access/foreign_sign_in.c", "        leave_share(s);\n        ms_sign_in_limit_was_nothing(r, &s->attempt);\n    }\n    return DECLINED;", "        leave_share(s);\n    }\n    return DECLINED;", "http login_limit_elsewhere not_decide"),
    m("an application's wishes pass in a 101", "src/app/response_head.c", "is_wish(line) ||", "(0 && is_wish(line)) ||", "http past_the_filters interim another_answer"),
    m("each protocol gets a WebSocket's close frame", "src/app/close_frame.c", "ap_find_token(r->pool, upgrade, \"websocket\")", "ap_find_token(r->pool, upgrade, upgrade)", "http lifeline_places another_protocol"),
    m("forward auth for any peer", "src/access/forwarded.c", "if (!ms_peers_has(", "if (0 && !ms_peers_has(", "http forward other_peers"),
    m("headers of a proxy that contradict each other", "src/access/forwarded.c", "if (!is_valid || (*field && strcmp(*field, value) != 0)) {", "if (!is_valid) {", "http forward not_clear"),
    m("a proxy's request with a backslash", "src/access/forwarded.c", " || memchr(text, '\\\\', path)) {", " || !path) {", "http forward not_clear"),
    m("any socket of the file system is a peer", "src/core/peers.c", "return peers->has_unix;", "return 1;", "unit peers"),
    m("a sign-in over plain http", "src/session/plain_http.c", "if (!text || !is_cookie_secure(r)", "if (text || !is_cookie_secure(r)", "http plain_http"),

    # Other hosts, other clients.
    m("the feed's window has no overlap", "src/db/feed_window.c", "window->cursor.from = clock->now - OVERLAP_S - SLACK_S;", "window->cursor.from = clock->now;", "unit feed_window"),
    m("the feed trusts a clock that goes back", "src/db/feed_window.c", "clock->now < last->now + elapsed - elapsed / 100 - TOLERANCE_S;", "0;", "unit feed_window"),
    m("the feed forgets who still writes", "src/db/feed_window.c", "return clock->oldest >= window->mark_next && began", "return began", "unit feed_window"),
    m("another user's session gives a budget", "src/session/sign_in_limit.c", "strcmp(ms_name_fold(r->pool, row->user), folded) == 0", "1", "http login_limit another_users"),
    m("each IPv6 address is a client", "src/session/sign_in_limit.c", "? ms_network_name(r->pool, r->useragent_ip)\n", "? r->useragent_ip\n", "http login_limit ipv6"),
    m("spellings of a name have budgets of their own", "src/session/sign_in_limit.c", "const char *folded = ms_name_fold(r->pool, user), *own", "const char *folded = user, *own", "http login_limit spellings"),
    m("a revoked session makes its device known", "src/session/known_device.c", 'strcmp(row->end_reason, "revoked") == 0', 'strcmp(row->end_reason, "revoked") == 7', "http events revoked_is_not"),
    m("any number of lines a second", "src/core/log_limit.c", "if (period == last || ", "if (", "unit log_limit"),
    m("a field sent twice", "src/core/form.c", "if (apr_table_get(fields, name)) {", "if (0 && apr_table_get(fields, name)) {", "unit form"),

    # What threads and processes share: without the lock, or in more than one step.
    m("a counter that is not atomic", "src/http/counters.c", "apr_atomic_add64(&counters[which].n, (apr_uint64_t)n);", "counters[which].n += (apr_uint64_t)n;", "stress counts"),
    m("a failed sign-in is counted in two steps", THROTTLE, "if (apr_atomic_cas64(found.at, as_word(key, drained + each), found.word) == found.word) {",
      "if (apr_atomic_read64(found.at) == found.word) {\n            apr_atomic_set64(found.at, as_word(key, drained + each));", "stress counts"),
    m("failures of a user are counted in two steps", "src/core/tally.c", "if (apr_atomic_cas64(found.at, as_word(key, now, next), found.word) == found.word) {",
      "if (apr_atomic_read64(found.at) == found.word) {\n            apr_atomic_set64(found.at, as_word(key, now, next));", "stress counts"),
    m("a place is taken in two steps", "src/core/slots.c", "apr_atomic_cas32(&slots[i], now + lease, ends) == ends) {",
      "apr_atomic_read32(&slots[i]) == ends) {\n            apr_atomic_set32(&slots[i], now + lease);", "stress counts"),
    m("a set of refusals without a lock", "src/core/refusals.c", "if (was != LOCKED) {\n            return was == FREE;", "if (was <= LOCKED) {\n            return 1;", "stress lines"),
    m("a dead lock of a set is waited for each time", "src/core/refusals.c", "apr_atomic_cas32(&set->lock, GIVEN_UP, LOCKED);", "", "unit refusals"),
    m("lines that were not written are read in two steps", "src/core/log_limit.c", "*skipped = apr_atomic_xchg32(&slots[kind].skipped, 0);",
      "*skipped = apr_atomic_read32(&slots[kind].skipped);\n    apr_atomic_set32(&slots[kind].skipped, 0);", "stress lines"),
    m("a connection is given back without the lock", LIMITER, "    apr_thread_mutex_lock(limiter->lock);\n    limiter->inside--;\n    apr_thread_cond_signal(limiter->freed);\n    apr_thread_mutex_unlock(limiter->lock);",
      "    limiter->inside--;\n    apr_thread_cond_signal(limiter->freed);", "stress limiter"),
    m("a place of a connection that is lost", LIMITER, "    limiter->inside--;\n", "    limiter->inside -= limiter->inside % 3 != 0;\n", "stress limiter"),
    m("the watchdog's time without its lock", "src/db/watchdog.c", "        *waiting = (ms_watchdog){.socket = -1};\n        enlist(waiting, 1);",
      "        *waiting = (ms_watchdog){.socket = -1, .begun = child->now};\n        enlist(waiting, 1);", "stress watchdog"),
    m("the end of a wait without the watchdog's lock", "src/db/watchdog.c", "        apr_thread_mutex_lock(child->lock);\n        c->begun = 0;\n        was_cut = c->cut;\n        apr_thread_mutex_unlock(child->lock);",
      "        c->begun = 0;\n        was_cut = c->cut;", "stress watchdog"),
    m("a connection leaves the watchdog without its lock", "src/db/watchdog.c", "    apr_thread_mutex_lock(child->lock);\n    APR_RING_REMOVE(c, link);\n    apr_thread_mutex_unlock(child->lock);",
      "    APR_RING_REMOVE(c, link);", "stress watchdog"),
    m("a request leaves the ring without its lock", "src/session/open_requests.c", "    apr_thread_mutex_lock(child->lock);\n    APR_RING_REMOVE(open, link);\n    apr_thread_mutex_unlock(child->lock);",
      "    APR_RING_REMOVE(open, link);", "stress open_requests"),
    m("the feed publishes a later time", "src/db/feed.c", "ms_feed_place_publish(now->feed->place, now->began);", "ms_feed_place_publish(now->feed->place, ms_clock_steady_ms());", "stress feed"),
]

# SPDX-License-Identifier: Apache-2.0
"""A cache in front of everything: no user gets another user's page from it, and pages without sessions stay cached."""
import contextlib
import email.utils
import http.server
import itertools
import os
import re
import threading
import urllib.parse

import pytest

import serving
from harness import COOKIE, SITE, Server, get, has_secret, random_token, request, sign_in

CONFIG = SITE + """
LogLevel info managed_session:info
CacheEnable disk "/"
CacheRoot "@ROOT@/run"
CacheQuickHandler @QUICK@
CacheHeader On
# As careless as a configuration can be: what is not stored now is what the module kept out.
CacheStorePrivate @CARELESS@
CacheStoreNoStore @CARELESS@
CacheIgnoreNoLastMod @CARELESS@
CacheIgnoreCacheControl @CARELESS@
ErrorDocument 410 "/gone.html"
<LocationMatch "^/(open|optional|closed|own)/">
    ManagedSessionUserHeader X-User
</LocationMatch>
ProxyPassMatch "^/(open|optional|closed)/app/" "http://127.0.0.1:@APP@"
ScriptAliasMatch "^/(open|optional|closed)/cgi/" "@ROOT@/scripts/answer.py"
AliasMatch "^/(open|optional|closed)/files/(.*)" "@ROOT@/files/$2"
<DirectoryMatch "^@ROOT@/(scripts|files)">
    Require all granted
</DirectoryMatch>
<Directory "@ROOT@/files">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    DirectoryIndex index.html
</Directory>
<LocationMatch "^/optional/">
    ManagedSession On
</LocationMatch>
<LocationMatch "^/closed/">
    AuthType ManagedSession
    AuthName "closed"
    Require valid-user
</LocationMatch>
<LocationMatch "^/(optional|closed)/app/login">
    ManagedSessionBackendLogin On
</LocationMatch>
<LocationMatch "/overridden">
    Header set Cache-Control "public, max-age=600"
</LocationMatch>
<LocationMatch "/expires">
    ExpiresActive On
    ExpiresDefault "access plus 1 hour"
</LocationMatch>
<LocationMatch "/errors">
    ProxyErrorOverride On
</LocationMatch>
"""

CGI = """#!/usr/bin/python3 -ISB
import os
import urllib.parse

for name, value in urllib.parse.parse_qsl(os.environ.get("QUERY_STRING", "")):
    print(f"{name}: {value}")
print("Content-Type: text/plain\\n")
print("page of", os.environ.get("REMOTE_USER", "nobody"))
"""


class Application(http.server.ThreadingHTTPServer):
    """Returns the user's name, with the headers that the query names; .asked counts the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Pages)
        self.port, self.asked = self.server_address[1], 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.asked += 1
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)
        status = int(dict(query).get("Status", 200))
        if dict(query).get("ETag", "none") == self.headers.get("If-None-Match"):
            status = 304
        body = b"" if status == 304 else b"page of %s\n" % self.headers.get("X-User", "nobody").encode()
        self.send_response(status)
        for name, value in query:
            self.send_header(name, value) if name != "Status" else None
        self.send_header("Content-Length", str(len(body))) if status != 304 else None
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site_with(quick: str, careless: str = "Off", more: str = ""):
    with Application() as application:
        config = CONFIG + more
        for mark, value in (("@QUICK@", quick), ("@CARELESS@", careless), ("@APP@", str(application.port))):
            config = config.replace(mark, value)
        server = Server(config, modules="cache cache_disk expires")
        server.write("scripts/answer.py", CGI, 0o755)
        server.write("files/page.txt", "a file\n")
        server.write("files/index.html", "an index\n")
        server.write("htdocs/gone.html", "gone\n")
        server.application, server.quick = application, quick
        with server:
            server.tokens = {"alice": sign_in(server), "bob": sign_in(server, "bob"), "nobody": None}
            yield server


@pytest.fixture(scope="module", params=["Off", "On"], ids=["handler", "quick"])
def site(request):
    with site_with(request.param) as server:
        yield server


@pytest.fixture(scope="module")
def plain():
    """For what the cache has no part in."""
    with site_with("Off") as server:
        yield server


@pytest.fixture(scope="module", params=["Off", "On"], ids=["handler", "quick"])
def careless(request):
    with site_with(request.param, "On") as server:
        yield server


numbers = itertools.count()


def old_file(server, name: str = "{}.txt") -> str:
    """The name of a new file, so old that a cache takes it for fresh for long."""
    name = name.format(next(numbers))
    os.utime(server.write(f"files/{name}", "a file\n"), (10 ** 9, 10 ** 9))
    return name.removesuffix("index.html")


def page(path: str, said=(), **more) -> str:
    """A page that was not requested yet, whose application sends these headers."""
    return f"{path}/{next(numbers)}?" + urllib.parse.urlencode([*said, *more.items()])


def ask(server, who: str, target: str, headers=()):
    """The response, and how many requests reached the application."""
    before = server.application.asked
    answer = get(server, target, server.tokens[who], headers)
    return answer, server.application.asked - before


def all_of(answer, name: str) -> str | None:
    """A header's lines as one, as a cache reads them; None if there is no such header."""
    return ", ".join(answer.headers.get_all(name, [])) or None


# -- what leaves the server ------------------------------------------------------------------------

CC, EXPIRES = "Cache-Control", ("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")

# What the application sends, and what a user then gets if a session is required.
SAID = [
    ([], "private, no-cache"),
    ([(CC, "public, max-age=60")], "private, max-age=60"),
    ([(CC, "max-age=60")], "private, max-age=60"),
    ([(CC, "s-maxage=60")], "private"),
    ([(CC, "max-age=60, s-maxage=600, must-revalidate")], "private, max-age=60, must-revalidate"),
    ([(CC, "PUBLIC, S-MaxAge=60, Max-Age=5")], "private, Max-Age=5"),
    ([EXPIRES], "private, no-cache"),
    ([(CC, "public, max-age=60"), EXPIRES], "private, max-age=60"),
    ([(CC, "private, max-age=60")], "private, max-age=60"),
    ([(CC, 'private="Set-Cookie, X-A", max-age=60')], "private, max-age=60"),
    ([(CC, "no-store")], "no-store"),
    ([(CC, "public, no-store, s-maxage=9")], "no-store"),
    ([(CC, "no-cache")], "private, no-cache"),
    ([(CC, 'no-cache="Set-Cookie, public", public')], 'private, no-cache="Set-Cookie, public"'),
    ([(CC, r'a="b \", public, s-maxage=9", max-age=5, public')], r'private, a="b \", public, s-maxage=9", max-age=5'),
    ([(CC, "public"), (CC, "max-age=60")], "private, max-age=60"),
    ([(CC, "max-age=60"), (CC, "no-store")], "max-age=60, no-store"),
    ([(CC, "publicity, s-maxage-not=1")], "private, publicity, s-maxage-not=1"),
    ([("Surrogate-Control", "max-age=60"), ("CDN-Cache-Control", "max-age=60"), ("Pragma", "x")], "private, no-cache"),
]
WAYS = ["app", "cgi"]


def is_expired(answer) -> bool:
    """Expires is the second in which httpd took the request, Date may be the application's and a later one."""
    return email.utils.parsedate_to_datetime(answer.headers["Expires"]) <= email.utils.parsedate_to_datetime(answer.headers["Date"])


def as_said(said) -> str | None:
    return ", ".join(value for name, value in said if name == CC) or None


@pytest.mark.parametrize("said, expected", SAID, ids=[str(i) for i in range(len(SAID))])
def test_where_a_session_is_required_no_shared_cache_may_store_it(plain, said, expected):
    """In one line, and no other header is for caches."""
    for way in WAYS:
        answer, _ = ask(plain, "alice", page(f"/closed/{way}", said))
        assert (answer.status, answer.headers.get_all(CC), all_of(answer, "Vary")) == (200, [expected], "Cookie")
        assert not {"pragma", "surrogate-control", "cdn-cache-control"} & {n.lower() for n in answer.headers}
        assert is_expired(answer), "httpd's own, for caches that know no Cache-Control"
    answer, asked = ask(plain, "nobody", page("/closed/app", said))
    assert (answer.status, asked) == (401, 0)
    assert (answer.headers.get_all(CC), all_of(answer, "Vary")) == (["no-store"], "Cookie")


@pytest.mark.parametrize("said", [said for said, _ in SAID], ids=[str(i) for i in range(len(SAID))])
def test_where_a_session_is_optional_the_application_has_its_say(plain, said):
    for who, way in itertools.product(("alice", "nobody"), WAYS):
        answer, _ = ask(plain, who, page(f"/optional/{way}", said))
        spoke = any(name in (CC, "Expires") for name, _ in said)
        expected = as_said(said) if spoke or who == "nobody" else "private"
        assert (answer.status, all_of(answer, CC), all_of(answer, "Vary")) == (200, expected, "Cookie"), who
        assert answer.text == f"page of {who}\n"
        if who == "alice" and "Expires" not in dict(said):
            assert is_expired(answer)
        else:
            assert answer.headers["Expires"] == dict(said).get("Expires"), who


@pytest.mark.parametrize("said", [said for said, _ in SAID], ids=[str(i) for i in range(len(SAID))])
def test_where_there_are_no_sessions_nothing_is_touched(plain, said):
    for who, way in (("alice", "app"), ("nobody", "cgi")):
        answer, _ = ask(plain, who, page(f"/open/{way}", said))
        assert (answer.status, all_of(answer, CC), answer.headers["Vary"]) == (200, as_said(said), None)
        assert [answer.headers[n] for n, _ in said if n != CC] == [v for n, v in said if n != CC]


@pytest.mark.parametrize("said, expected", [
    ("Accept-Encoding", "Accept-Encoding, Cookie"), ("cookie", "cookie"), ("Accept, COOKIE", "Accept, COOKIE"),
    ("X-Cookie", "X-Cookie, Cookie"), ("*", "*"),
])
@pytest.mark.parametrize("place", ["optional", "closed"])
def test_the_applications_own_vary_is_kept(plain, place, said, expected):
    for way in WAYS:
        answer, _ = ask(plain, "alice", page(f"/{place}/{way}", Vary=said))
        assert all_of(answer, "Vary").replace(",", ", ").replace("  ", " ") == expected


@pytest.mark.parametrize("status", [201, 206, 303, 304, 400, 404, 410, 500, 503])
@pytest.mark.parametrize("path", ["app", "app/errors"])
def test_on_any_response(plain, status, path):
    plain.expect("AH0", status_5xx=True)
    said = {"Status": status, CC: "public,max-age=60", **({"Location": "/x"} if status == 303 else {})}
    answer, _ = ask(plain, "alice", page(f"/closed/{path}", **said))
    assert answer.status == status and answer.headers[CC].startswith("private") and "public" not in answer.headers[CC]
    assert all_of(answer, "Vary") == "Cookie" and len(answer.headers.get_all(CC)) == 1
    answer, _ = ask(plain, "alice", page(f"/optional/{path}", **said))
    assert answer.status == status and all_of(answer, "Vary") == "Cookie"


@pytest.mark.parametrize("place, who, expected", [
    ("closed", "alice", ("private, no-cache", "Cookie")), ("optional", "alice", ("private", "Cookie")),
    ("optional", "nobody", (None, "Cookie")), ("open", "alice", (None, None)),
])
def test_files_whole_in_part_unchanged_and_missing(plain, place, who, expected):
    """A name that ends in .css makes no difference."""
    plain.write(f"files/{place}{who}.css", "body {}\n")
    target = f"/{place}/files/{place}{who}.css"
    whole, _ = ask(plain, who, target)
    tag = whole.headers["ETag"]
    part, _ = ask(plain, who, target, {"Range": "bytes=0-3"})
    same, _ = ask(plain, who, target, {"If-None-Match": tag})
    missing, _ = ask(plain, who, target + ".not")
    index, _ = ask(plain, who, f"/{place}/files/")
    assert [a.status for a in (whole, part, same, missing, index)] == [200, 206, 304, 404, 200]
    assert tag and whole.headers["Last-Modified"] and same.headers["ETag"] == tag and part.body == b"body"
    assert {(all_of(a, CC), all_of(a, "Vary")) for a in (whole, part, same, missing, index)} == {expected}


def test_validators_are_kept(plain):
    said = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    for place, way in itertools.product(("closed", "optional", "open"), WAYS):
        answer, _ = ask(plain, "alice", page(f"/{place}/{way}", **said))
        assert {n: answer.headers[n] for n in said} == said


@pytest.mark.parametrize("headers", [
    {"Range": "bytes=0-0"}, {"If-None-Match": "*"}, {"If-Match": "*"}, {"If-None-Match": "@"}, {CC: "max-stale"},
    {CC: "only-if-cached"}, {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
])
def test_a_condition_tells_the_signed_out_nothing(plain, headers):
    """Not whether there is a page, nor which."""
    tag = ask(plain, "alice", "/closed/files/page.txt")[0].headers["ETag"]
    plain.expect("AH00752|only-if-cached", status_5xx="only-if-cached" in headers.values())
    answer, _ = ask(plain, "nobody", "/closed/files/page.txt", {n: v.replace("@", tag) for n, v in headers.items()})
    assert answer.status in (401, 504 if "only-if-cached" in headers.values() else 401) and "ETag" not in answer.headers


# -- what the cache gives out ----------------------------------------------------------------------

STORABLE = [[(CC, "public, max-age=600")], [(CC, "max-age=600")], [(CC, "s-maxage=600")], [EXPIRES],
            [(CC, "max-age=600"), ("ETag", '"1"'), ("Vary", "Accept")]]
ORDERS = [("alice", "bob", "nobody"), ("nobody", "alice", "bob")]
storable = pytest.mark.parametrize("said", STORABLE, ids=["public", "max-age", "s-maxage", "expires", "vary"])


def whose(server, target: str, *visitors, headers=()):
    """Whose pages these visitors get one after another, and how many requests reached the application for each."""
    told = []
    for who in visitors:
        answer, asked = ask(server, who, target, headers)
        told.append((answer.text.removeprefix("page of ").strip() if answer.status == 200 else answer.status, asked))
    return told


@storable
def test_without_sessions_one_page_is_for_all(site, said):
    """And really from the cache; otherwise the tests below would prove nothing."""
    assert whose(site, page("/open/app", said), "nobody", "alice", "bob", "nobody") == [
        ("nobody", 1), ("nobody", 0), ("nobody", 0), ("nobody", 0)]
    assert whose(site, page("/open/app", said), "alice", "nobody") == [("nobody", 1), ("nobody", 0)]


def test_without_sessions_files_and_scripts_are_cached_as_ever(site):
    for target in ("/open/files/" + old_file(site), "/open/files/" + old_file(site, "{}/index.html"),
                   page("/open/cgi", STORABLE[0])):
        stored, again = ask(site, "alice", target)[0], ask(site, "bob", target)[0]
        assert [a.headers["X-Cache"].split()[0] for a in (stored, again)] == ["MISS", "HIT"], target
        assert again.body == stored.body


@storable
def test_where_a_session_is_required_each_user_gets_the_own_page_and_visitors_none(site, said):
    """In each order of requests."""
    for visitors in ORDERS:
        target = page("/closed/app", said)
        expected = [(who, 1) if who != "nobody" else (401, 0) for who in visitors]
        assert whose(site, target, *visitors, *visitors) == expected * 2


@storable
def test_where_a_session_is_optional_only_signed_out_visitors_share(site, said):
    for visitors in ORDERS:
        target = page("/optional/app", said)
        assert whose(site, target, *visitors) == [(who, 1) for who in visitors]
        assert whose(site, target, *visitors) == [(who, int(who != "nobody")) for who in visitors]


@pytest.mark.parametrize("place", ["closed", "optional"])
@pytest.mark.parametrize("way", ["cgi", "files", "index"])
def test_scripts_files_and_indexes_too(site, place, way):
    for visitors in ORDERS:
        target = {"cgi": page(f"/{place}/cgi", STORABLE[0]), "files": f"/{place}/files/{old_file(site)}",
                  "index": f"/{place}/files/{old_file(site, '{}/index.html')}"}[way]
        for who in [*visitors, *visitors]:
            answer, _ = ask(site, who, target)
            assert answer.status == (401 if (who, place) == ("nobody", "closed") else 200)
            assert way != "cgi" or answer.status == 401 or answer.text == f"page of {who}\n"
            assert who == "nobody" or not answer.headers.get("X-Cache", "").startswith("HIT")


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_a_visitor_who_signs_in_gets_no_old_redirect_to_do_so(site, who):
    """A signed-out user does not get a page by a second request either."""
    browser = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
    target = page("/closed/app", STORABLE[0])
    turns = ["nobody", "alice", "nobody", "bob"] if who == "nobody" else ["alice", "nobody", "alice", "nobody"]
    for each in turns:
        answer, asked = ask(site, each, target, browser)
        assert (answer.status, asked) == ((303, 0) if each == "nobody" else (200, 1))
        assert answer.text == f"page of {each}\n" if each != "nobody" else answer.location.startswith("/login?")


@pytest.mark.parametrize("headers", [
    {CC: "max-age=0"}, {CC: "no-cache"}, {CC: "max-stale"}, {"Pragma": "no-cache"}, {"If-None-Match": '"1"'},
    {"Range": "bytes=0-4"}, {"Accept-Encoding": "gzip"}, {"Authorization": "Basic Ym9iOmJ1aWxkZXI="},
])
def test_any_other_request_of_a_visitor(site, headers):
    """Revalidated, in part or with a password: alice's page is for alice."""
    site.expect("AH01618|AH00026")
    for place in ("closed", "optional"):
        target = page(f"/{place}/app", STORABLE[4])
        for who in ("nobody", "alice", "nobody", "bob"):
            plain, _ = ask(site, who, target)
            asked, _ = ask(site, who, target, headers)
            if (who, place) == ("nobody", "closed"):
                assert plain.status == asked.status == 401
            else:
                assert plain.text == f"page of {who}\n" and plain.text.startswith(asked.text)


def test_head_stores_nothing_for_others(site):
    for place in ("closed", "optional"):
        target = page(f"/{place}/app", STORABLE[0])
        assert request(site, "HEAD", target, [("Cookie", f"{COOKIE}={site.tokens['alice']}")]).status == 200
        first = (401, 0) if place == "closed" else ("nobody", 1)
        assert whose(site, target, "nobody", "bob", "alice") == [first, ("bob", 1), ("alice", 1)]


def test_a_dead_cookie_changes_nothing_for_others(site):
    for said in STORABLE:
        target = page("/optional/app", said)
        assert not get(site, target, random_token()).cookies()
        answer, _ = ask(site, "nobody", target)
        assert not answer.cookies() and answer.text == "page of nobody\n"
        answer, asked = ask(site, "alice", target)
        assert not answer.cookies() and answer.text == "page of alice\n" and asked == 1


def test_the_modules_own_pages_are_not_stored(site):
    for target in ("/login", "/logout", "/sessions"):
        for who in ("nobody", "alice", "bob", "nobody"):
            answer, _ = ask(site, who, target)
            assert not answer.headers.get("X-Cache", "").startswith("HIT")
            assert target != "/sessions" or (who in answer.text if who != "nobody" else answer.status == 401)


# -- careless configurations -----------------------------------------------------------------------


@pytest.mark.parametrize("said", [[], STORABLE[0], STORABLE[4], [(CC, "private, max-age=600")], [(CC, "no-store")]],
                         ids=["nothing", "public", "vary", "private", "no-store"])
@pytest.mark.parametrize("place", ["closed", "optional"])
@pytest.mark.parametrize("path", ["app", "app/overridden", "app/expires"])
def test_a_cache_that_was_told_to_store_everything_stores_no_users_page(careless, place, path, said):
    """CacheStorePrivate and such, Header set Cache-Control, mod_expires."""
    target = page(f"/{place}/{path}", said)
    visitors = ("alice", "bob", "nobody", "alice", "nobody")
    for who, (told, _) in zip(visitors, whose(careless, target, *visitors)):
        assert told == (401 if (who, place) == ("nobody", "closed") else who)


@pytest.mark.parametrize("status", [404, 410, 500, 303, 301])
def test_errors_and_redirects_of_one_user_are_not_anothers(careless, status):
    careless.expect("AH0", status_5xx=True)
    for place, path in itertools.product(("closed", "optional"), ("app", "app/errors")):
        target = page(f"/{place}/{path}", Status=status, **{CC: "public, max-age=600"}, Location="/x")
        for who in ("alice", "nobody", "bob", "alice"):
            answer, asked = ask(careless, who, target)
            assert answer.status == (401 if (who, place) == ("nobody", "closed") else status)
            assert who == "nobody" or asked == 1


@pytest.mark.parametrize("said", [STORABLE[0], STORABLE[4]], ids=["public", "vary"])
def test_an_applications_sign_in_is_not_played_again(careless, said):
    """Neither the cookie nor the header, in places that honour it and in places that do not."""
    target = page("/optional/app/login", said, **{"Managed-Session-User": "carol"})
    tokens = [ask(careless, "nobody", target)[0].token() for _ in range(3)]
    assert len({*tokens}) == 3 and None not in tokens
    target = page("/open/app", said, **{"Managed-Session-User": "carol", "Managed-Session-End": "all"})
    for expected in (1, 0):
        answer, asked = ask(careless, "alice", target)
        assert asked == expected and not answer.cookies() and "managed-session" not in str(answer.headers).lower()


def test_what_the_cache_keeps_in_its_folder_has_no_user(careless):
    """No user's page, no page that needs a user, and no cookie that mod_cache writes down with a request."""
    said = [*STORABLE, [(CC, "max-age=600"), ("Vary", "Cookie")], [(CC, "private, max-age=600")], [(CC, "no-store")]]
    for place, way in itertools.product(("open", "optional", "closed"), ("app", "cgi")):
        for target in [page(f"/{place}/{way}", each) for each in said]:
            whose(careless, target, "alice", "nobody", "bob")
    kept = [file.read_bytes() for file in careless.root.glob("run/**/*") if file.suffix in (".header", ".data")]
    assert any(b"/open/app/" in each for each in kept) and any(b"/optional/app/" in each for each in kept)
    assert not [each for each in kept if re.search(rb"/closed/|page of (alice|bob)", each) or has_secret(each)]


# -- pages made of pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["closed", "optional"])
@pytest.mark.parametrize("visitors", ORDERS, ids="-".join)
def test_a_page_that_includes_a_users_part_is_that_users(site, place, visitors):
    """The page itself is without sessions, and has a lifetime by mod_expires."""
    site.write("files/expires.shtml", f'public words and a <!--#include virtual="/{place}/cgi/part" -->\n')
    site.expect("unable to include.*subrequest setup returned 401")
    target = f"/open/files/expires.shtml?{next(numbers)}"
    for who in visitors:
        answer, _ = ask(site, who, target)
        assert answer.status == 200 and re.findall("page of (alice|bob)", answer.text) == [who] * (who != "nobody")


def test_a_page_that_includes_a_users_part_says_so(plain):
    """To caches elsewhere."""
    plain.write("files/expires-part.shtml", 'public words and a <!--#include virtual="/closed/cgi/part" -->\n')
    answer, _ = ask(plain, "alice", "/open/files/expires-part.shtml")
    assert "page of alice" in answer.text and all_of(answer, "Vary") == "Cookie"
    assert re.search("private|no-store", all_of(answer, CC))


@pytest.mark.sqlite
@pytest.mark.parametrize("modules, expires", [("", False), ("cache", True)])
def test_httpd_adds_expires_only_beside_mod_cache(modules, expires):
    """r->no_cache keeps mod_cache away, and makes httpd add Expires. Without mod_cache, Cache-Control says it all."""
    with Server(modules=modules) as server:
        session = sign_in(server, "alice")
        answer = get(server, "/app/", cookie=session)
        assert (answer.status, answer.headers[CC], answer.headers["Vary"]) == (200, "private, no-cache", "Cookie")
        assert ("Expires" in answer.headers) == expires

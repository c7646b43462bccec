/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV has the fields of the JSON, in one list. A spreadsheet takes a text that begins with "=",
 * "+",
 * "-" or "@" for a formula, and a client chooses its own User-Agent: such a text gets a "'" in
 * front.
 */
#include "ctl/session_text.h"

#include <string.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/device.h"
#include "core/json.h"
#include "ctl/words.h"

static const char *const fields[] = {
    "id",         "user",         "state",      "name",     "device",     "browser", "os",
    "user_agent", "ip",           "last_ip",    "label",    "method",     "kind",    "persistent",
    "created_at", "last_seen_at", "expires_at", "ended_at", "end_reason", "ended_by"};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

const char *ms_session_text_state(const ms_row *row, apr_int64_t now)
{
    return row->ended_at ? "ended" : row->expires_at > now ? "live" : "expired";
}

apr_int64_t ms_session_text_end(const ms_row *row)
{
    return row->ended_at ? row->ended_at : row->expires_at;
}

static void add_text(apr_pool_t *p, json_t *model, const char *name, const char *text)
{
    json_object_set_new(model, name, text ? json_string(ms_words_clean(p, text)) : json_null());
}

static void add_time(apr_pool_t *p, json_t *model, const char *name, apr_int64_t epoch)
{
    json_object_set_new(model, name, epoch ? json_string(ms_clock_rfc3339(p, epoch)) : json_null());
}

json_t *ms_session_text_model(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    json_t *model = json_object();
    ms_device device;

    ms_device_name(p, row->user_agent, &device);
    add_text(p, model, "id", row->id);
    add_text(p, model, "user", row->user);
    add_text(p, model, "state", ms_session_text_state(row, now));
    add_text(p, model, "name", row->name);
    add_text(p, model, "device", device.name);
    add_text(p, model, "browser", device.browser);
    add_text(p, model, "os", device.os);
    add_text(p, model, "user_agent", row->user_agent);
    add_text(p, model, "ip", row->created_ip);
    add_text(p, model, "last_ip", row->last_ip);
    add_text(p, model, "label", row->label);
    add_text(p, model, "method", row->auth_method);
    add_text(p, model, "kind", row->kind == MS_KIND_APP ? "app" : "browser");
    json_object_set_new(model, "persistent", json_boolean(row->persistent));
    add_time(p, model, "created_at", row->created_at);
    add_time(p, model, "last_seen_at", row->last_seen_at);
    add_time(p, model, "expires_at", row->expires_at);
    add_time(p, model, "ended_at", row->ended_at);
    add_text(p, model, "end_reason", row->end_reason);
    add_text(p, model, "ended_by", row->ended_by);
    return model;
}

const char *ms_session_text_json(apr_pool_t *p, json_t *model)
{
    const char *text = ms_json_dump(p, model);

    json_decref(model);
    return text;
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* An id, which may begin with "-", is no formula, and must stay as it is. */
static const char *harmless(apr_pool_t *p, const char *name, const char *text)
{
    return *text && strchr("=+-@", *text) && strcmp(name, "id") != 0
               ? apr_pstrcat(p, "'", text, NULL)
               : text;
}

static const char *quoted(apr_pool_t *p, const char *text)
{
    const char *out = "\"", *quote;

    if (!strpbrk(text, "\",\r\n")) {
        return text;
    }
    for (; (quote = strchr(text, '"')); text = quote + 1) {
        out =
            apr_pstrcat(p, out, apr_pstrmemdup(p, text, (apr_size_t)(quote - text)), "\"\"", NULL);
    }
    return apr_pstrcat(p, out, text, "\"", NULL);
}

static const char *value_of(const json_t *model, const char *name)
{
    const json_t *value = json_object_get(model, name);

    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    return json_is_string(value) ? json_string_value(value) : "";
}

static const char *line(apr_pool_t *p, const json_t *model)
{
    const char *text = "";

    for (size_t i = 0; i < FIELDS; i++) {
        const char *value = model ? harmless(p, fields[i], value_of(model, fields[i])) : fields[i];

        text = apr_pstrcat(p, text, i ? "," : "", quoted(p, value), NULL);
    }
    return apr_pstrcat(p, text, "\r\n", NULL);
}

const char *ms_session_text_csv_head(apr_pool_t *p)
{
    return line(p, NULL);
}

const char *ms_session_text_csv(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    json_t *model = ms_session_text_model(p, row, now);
    const char *text = line(p, model);

    json_decref(model);
    return text;
}

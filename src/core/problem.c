/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes and types are part of the interface: they are added to, never changed. What only a script
 * can cause is not translated.
 */
#include "core/problem.h"

#include <apr_strings.h>
#include <jansson.h>
#include "core/json.h"

/* Marks for tests/catalogues.py a message that is translated elsewhere. */
#define MESSAGE(text) (text)

/* No document is at this address: a URI identifies a type (RFC 9457, section 3.1.1). */
#define TYPE "urn:managed-session:problem:"

static const ms_problem_words problems[MS_PROBLEM_COUNT] = {
    [MS_PROBLEM_BAD_FORM] = {400, "invalid_form", MESSAGE("The form could not be read"),
                             MESSAGE("The form was incomplete or damaged. Try again.")},
    [MS_PROBLEM_BAD_JSON] = {400, "invalid_json", "The JSON could not be read",
                             "The body must be one JSON object with the members that docs/api.md "
                             "lists."},
    [MS_PROBLEM_BAD_QUERY] = {400, "invalid_query", "The query could not be read",
                              "A parameter is unknown here, has a wrong value, or was sent twice."},
    [MS_PROBLEM_BAD_NAME] =
        {400, "invalid_name", "Not a name for a session",
         "The body is an object with the one member name: 40 characters at most, or null, which "
         "removes it. An app password always has a name."},
    [MS_PROBLEM_NOT_SIGNED_IN] = {401, "not_signed_in", MESSAGE("You are not signed in"),
                                  MESSAGE("Sign in to see this page.")},
    [MS_PROBLEM_NOT_FRESH] = {401, "sign_in_too_old", MESSAGE("You are not signed in"),
                              MESSAGE("Please sign in again to continue.")},
    [MS_PROBLEM_WRONG_CREDENTIALS] = {401, "wrong_credentials",
                                      MESSAGE("You could not be signed in"),
                                      MESSAGE("Wrong user name or password.")},
    [MS_PROBLEM_FORBIDDEN] =
        {403, "forbidden", MESSAGE("You may not open this page"),
         MESSAGE("It is not open to you. If you need it, contact the administrator.")},
    [MS_PROBLEM_CROSS_ORIGIN] = {403, "cross_origin", MESSAGE("Nothing was changed"),
                                 MESSAGE("The form is too old or from another site. Go back, "
                                         "reload the page and try again.")},
    [MS_PROBLEM_STALE_FORM] = {403, "stale_form", MESSAGE("Nothing was changed"),
                               MESSAGE("The form is too old or from another site. Go back, "
                                       "reload the page and try again.")},
    [MS_PROBLEM_NO_INTENT] = {403, "not_a_window", MESSAGE("Nothing was changed"),
                              MESSAGE("Open this page in a new window to sign in.")},
    [MS_PROBLEM_NO_SIGN_IN] = {403, "no_sign_in_here", MESSAGE("You could not be signed in"),
                               MESSAGE("Sign-in is not set up at this address. Contact the "
                                       "administrator.")},
    [MS_PROBLEM_NOT_SECURE] = {403, "not_secure", MESSAGE("This connection is not secure"),
                               MESSAGE("This page was opened without encryption. Open it with "
                                       "https:// and try again. If that fails, contact the "
                                       "administrator.")},
    [MS_PROBLEM_USER_NAME] = {403, "invalid_user_name", MESSAGE("You could not be signed in"),
                              MESSAGE("This user name cannot be used here. Contact the "
                                      "administrator.")},
    [MS_PROBLEM_SESSION_LIMIT] = {403, "session_limit", MESSAGE("Too many devices"),
                                  MESSAGE("You have reached the limit of devices. Sign out on one "
                                          "of them and try again.")},
    [MS_PROBLEM_NO_ADMINISTRATORS] = {403, "no_administrators",
                                      MESSAGE("This page is not available"),
                                      MESSAGE("No administrators are configured. See the server's "
                                              "error log.")},
    [MS_PROBLEM_NOT_OPEN] = {403, "not_open", "This page is not open to clients",
                             "The configuration does not open this page to this client."},
    [MS_PROBLEM_NOT_FOUND] = {404, "not_found", MESSAGE("Page not found"),
                              MESSAGE("There is no such page, or its session has ended.")},
    [MS_PROBLEM_METHOD] = {405, "method_not_allowed", MESSAGE("Method not allowed"),
                           MESSAGE("This page does not accept such a request.")},
    [MS_PROBLEM_OLD_TABLE] = {409, "no_names", MESSAGE("Sessions have no names here"),
                              MESSAGE("The table of sessions is older and keeps no names.")},
    [MS_PROBLEM_APPS_OFF] = {403, "app_passwords_off", "No app passwords are made here",
                             "The configuration of this list does not allow app passwords."},
    [MS_PROBLEM_APP_LIMIT] = {409, "app_password_limit", "Too many app passwords",
                              "End one of them first."},
    [MS_PROBLEM_APP_NAME] = {409, "app_password_name", MESSAGE("Nothing was changed"),
                             MESSAGE("You have an app password of this name already.")},
    [MS_PROBLEM_NO_APPS] = {409, "no_app_passwords", "No app passwords can be made",
                            "The table of sessions is older and must be upgraded first."},
    [MS_PROBLEM_TOO_LARGE] = {413, "too_large", MESSAGE("The form could not be read"),
                              MESSAGE("The form was too large.")},
    [MS_PROBLEM_MEDIA_TYPE] = {415, "unsupported_media_type", MESSAGE("The form could not be read"),
                               MESSAGE("Send the form as application/x-www-form-urlencoded.")},
    [MS_PROBLEM_ATTEMPTS] = {429, "too_many_attempts", MESSAGE("Too many attempts"),
                             MESSAGE("Too many sign-ins have failed.")},
    [MS_PROBLEM_SIGN_INS] = {429, "too_many_sign_ins", MESSAGE("Too many attempts"),
                             MESSAGE("You have signed in too often.")},
    [MS_PROBLEM_APPS_OFTEN] = {429, "too_many_app_passwords", MESSAGE("Too many attempts"),
                               MESSAGE("You have made too many app passwords in a short time.")},
    [MS_PROBLEM_UNAVAILABLE] = {503, "unavailable", MESSAGE("Please try again in a moment"),
                                MESSAGE(
                                    "Sessions are unavailable right now. Nothing was changed.")},
    [MS_PROBLEM_BUSY] = {503, "busy", MESSAGE("Please try again in a moment"),
                         MESSAGE("Too many people are signing in right now.")},
};

const ms_problem_words *ms_problem_get(ms_problem which)
{
    return which > MS_PROBLEM_NONE && which < MS_PROBLEM_COUNT ? &problems[which] : NULL;
}

const char *ms_problem_json(apr_pool_t *p, ms_problem which, const char *login_url)
{
    const ms_problem_words *words = &problems[which];
    json_t *model = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*}", "type",
                              apr_pstrcat(p, TYPE, words->code, NULL), "title", words->heading,
                              "status", words->status, "detail", words->text, "code", words->code,
                              "login_url", login_url);
    const char *json = model ? ms_json_dump(p, model) : NULL;

    json_decref(model);
    return json;
}

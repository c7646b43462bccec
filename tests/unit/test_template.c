/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/json.h"
#include "core/template.h"

static const char *filled_in(apr_pool_t *p, const char *accept, const char *page, const char *json)
{
    json_t *model = json_loads(json, 0, NULL);
    const char *text;

    assert_non_null(model);
    text = ms_template_render(p, page, strlen(page), model, ms_language_choose(accept));
    json_decref(model);
    return text;
}

static const char *filled(apr_pool_t *p, const char *page, const char *json)
{
    return filled_in(p, "en", page, json);
}

static void values_are_put_in_escaped(void **state)
{
    assert_string_equal(filled(*state, "<{{a}}>", "{\"a\": \"<b a='1' c=\\\"2\\\">&amp;\"}"),
                        "<&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;>");
    assert_string_equal(filled(*state, "{{n}} {{missing}}.", "{\"n\": 12}"), "12 .");
    assert_string_equal(filled(*state, "{{a}}", "{\"a\": \"{{b}}{{{b}}}{{#b}}\", \"b\": \"x\"}"),
                        "{{b}}{{{b}}}{{#b}}");
}

static void sections_are_shown_once_for_each_or_not_at_all(void **state)
{
    const char *page = "{{#a}}<{{x}}{{y}}>{{/a}}{{^a}}none{{/a}}";

    assert_string_equal(
        filled(*state, page, "{\"y\": 9, \"a\": [{\"x\": 1}, {\"x\": 2, \"y\": 3}]}"), "<19><23>");
    assert_string_equal(filled(*state, page, "{\"a\": []}"), "none");
    assert_string_equal(filled(*state, page, "{}"), "none");
    assert_string_equal(filled(*state, page, "{\"a\": false}"), "none");
    assert_string_equal(filled(*state, page, "{\"a\": null}"), "none");
    assert_string_equal(filled(*state, page, "{\"a\": true, \"x\": 5}"), "<5>");
    assert_string_equal(filled(*state, page, "{\"a\": {\"x\": 7}}"), "<7>");
}

static void the_item_itself_is_a_dot(void **state)
{
    assert_string_equal(filled(*state, "{{#a}}<{{.}}>{{/a}}", "{\"a\": [\"x\", \"y\"]}"), "<x><y>");
}

static void sections_may_be_nested(void **state)
{
    assert_string_equal(filled(*state, "{{#a}}{{#b}}{{c}}{{/b}}{{^b}}-{{/b}}{{/a}}",
                               "{\"c\": 0, \"a\": [{\"b\": true}, {}, {\"b\": {\"c\": 1}}]}"),
                        "0-1");
}

static void a_message_is_said_in_the_language(void **state)
{
    assert_string_equal(filled(*state, "<b>{{_ Sign in}}</b>", "{}"), "<b>Sign in</b>");
    assert_string_equal(filled_in(*state, "de", "<b>{{_ Sign in }}</b>", "{}"), "<b>Anmelden</b>");
    assert_string_equal(filled(*state, "{{_ <no> such \"&\"}}", "{}"),
                        "&lt;no&gt; such &quot;&amp;&quot;");
    assert_string_equal(filled(*state, "{{#a}}{{_ x}}{{/a}}", "{\"a\": [1, 2]}"), "xx");
}

static void values_in_a_message_are_text(void **state)
{
    const char *json = "{\"a\": \"<[b]>{{b}}\", \"b\": 7, \"in\": {\"a\": \"x\"}}";

    assert_string_equal(filled(*state, "{{_ I am [a].}}", json), "I am &lt;[b]&gt;{{b}}.");
    assert_string_equal(filled(*state, "{{_ [b] of [b], [missing]}}", json), "7 of 7, ");
    assert_string_equal(filled(*state, "{{#in}}{{_ [a][b]}}{{/in}}", json), "x7");
    assert_string_equal(filled(*state, "{{_ [a}}", json), "[a");
}

static void no_value_turns_its_sentence_around(void **state)
{
    assert_string_equal(filled(*state, "{{_ I am [a].}}", "{\"a\": \"\\u202e\\u2069ecila\"}"),
                        "I am ecila.");
    assert_string_equal(
        filled(*state, "{{_ I am [a].}}", "{\"a\": \"\\u05d0\\u2069\\u202e\\u05d1\"}"),
        "I am \xe2\x81\xa8\xd7\x90\xd7\x91\xe2\x81\xa9.");
}

static void a_message_within_a_message_keeps_its_isolates(void **state)
{
    const char *json = "{\"a\": \"\\u2068\\u05d0\\u2069 on x\"}";

    assert_string_equal(filled(*state, "{{_ It is [a].}}", json),
                        "It is \xe2\x81\xa8\xe2\x81\xa8\xd7\x90\xe2\x81\xa9 on x\xe2\x81\xa9.");
}

static void a_message_has_a_form_for_its_number(void **state)
{
    const char *page = "{{_n k|one day ago|[k] days ago}}";

    assert_string_equal(filled(*state, page, "{\"k\": 1}"), "one day ago");
    assert_string_equal(filled(*state, page, "{\"k\": 2}"), "2 days ago");
    assert_string_equal(filled(*state, page, "{\"k\": 0}"), "0 days ago");
    assert_string_equal(filled(*state, page, "{}"), " days ago");
}

static void a_broken_page_is_none(void **state)
{
    static const char *const pages[] = {
        "{{#a}}x", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{^a}}", "{{#a}}{{/b}}", "{{/a}}", "x{{/a}}{{#a}}"};

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        assert_null(filled(*state, pages[i], "{\"a\": true, \"b\": true}"));
    }
}

static void what_is_nested_too_deep_or_is_no_page_is_none(void **state)
{
    const char *open = unit_repeat(*state, "{{#a}}", 15),
               *close = unit_repeat(*state, "{{/a}}", 15);
    const char *json = "{\"a\": {\"b\": 1}}";

    assert_string_equal(filled(*state, apr_pstrcat(*state, open, "{{b}}", close, NULL), json), "1");
    assert_null(filled(*state, apr_pstrcat(*state, open, "{{#a}}{{b}}{{/a}}", close, NULL), json));
    assert_null(filled(*state, "x{{> none.html}}", "{}"));
    assert_null(filled(*state, "{{#a}}{{> none.html}}{{/a}}", json));
    assert_string_equal(filled(*state, "x{{#none}}{{> none.html}}{{/none}}", "{}"), "x");
}

static void the_pages_of_the_module_are_whole(void **state)
{
    static const char *const names[] = {"login.html", "logout.html", "sessions.html",
                                        "message.html"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const ms_template *page = ms_template_get(names[i]);
        const char *text;

        assert_non_null(page);
        text = filled(*state, page->text, "{\"title\": \"T\"}");
        assert_non_null(text);
        assert_non_null(strstr(text, "<title>"));
        assert_non_null(strstr(text, "</html>"));
        assert_null(strstr(text, "{{"));
    }
    assert_null(ms_template_get("none.html"));
}

static void json_is_harmless_in_html(void **state)
{
    json_t *model = json_pack("{s:s}", "a", "</script>&'\xE2\x80\xA8\xC3\xA4");
    const char *text = ms_json_dump(*state, model);

    json_decref(model);
    assert_null(strpbrk(text, "<>&'"));
    for (const char *c = text; *c; c++) {
        assert_in_range(*c, 0x20, 0x7e);
    }
    model = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(model, "a")),
                        "</script>&'\xE2\x80\xA8\xC3\xA4");
    json_decref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_put_in_escaped),
        TEST(sections_are_shown_once_for_each_or_not_at_all),
        TEST(the_item_itself_is_a_dot),
        TEST(sections_may_be_nested),
        TEST(a_message_is_said_in_the_language),
        TEST(values_in_a_message_are_text),
        TEST(no_value_turns_its_sentence_around),
        TEST(a_message_within_a_message_keeps_its_isolates),
        TEST(a_message_has_a_form_for_its_number),
        TEST(a_broken_page_is_none),
        TEST(what_is_nested_too_deep_or_is_no_page_is_none),
        TEST(the_pages_of_the_module_are_whole),
        TEST(json_is_harmless_in_html),
    };

    return RUN(tests);
}

/* tests/unit/test_page.c - pages: what is escaped, what fills templates, equal bytes. */
#include "builder/cli/page.h"
#include "builder/cli/page_list.h"
#include "builder/cli/page_report.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define UNSEEN "\xef\xbf\xbd"

static void text_is_escaped_and_what_cannot_be_seen_is_marked(void **state)
{
	static const struct {
		const char *text, *html;
	} rows[] = {
		{"", ""},
		{"numpy 2.2", "numpy 2.2"},
		{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{"a\" onload='x' &amp;", "a&quot; onload=&#39;x&#39; &amp;amp;"},
		{"two\nlines\tand a tab", "two\nlines\tand a tab"},
		{"Größe 你好 🙂 ?", "Größe 你好 🙂 ?"},
		{"\x01\x7f\r", UNSEEN UNSEEN UNSEEN},
		{"\xc2\x85", UNSEEN}, /* a control character beyond ASCII */
		{"a\xe2\x80\xae"
		 "b",
		 "a" UNSEEN "b"},		     /* text from right to left */
		{"\xef\xbf\xbf", UNSEEN},	     /* a noncharacter */
		{"\xed\xa0\x80", UNSEEN},	     /* a surrogate */
		{"\xe0\x80\xbc", UNSEEN},	     /* "<", longer than need be */
		{"\xff<\xc3", UNSEEN "&lt;" UNSEEN}, /* no UTF-8 */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(4096);
		page_escape(&out, str_of(rows[i].text));
		assert_string_equal(out.data, rows[i].html);
	}
}

static void a_template_takes_values_as_text_or_as_html(void **state)
{
	const struct page_value values[] = {
		{"key", STR("a < b")}, {"value", STR("<b>{{key}}</b>")}, {0}};
	AUTO(buf_done) struct buf out = BUF(4096);
	(void)state;
	page_fill(&out, "fact.html", values);
	assert_string_equal(out.data, "<div><dt>a &lt; b</dt><dd><b>{{key}}</b></dd></div>\n");
}

static void choices_stand_once_and_only_where_there_is_a_choice(void **state)
{
	struct page_choice c = {.id = "i", .name = "n", .label = "L"};
	AUTO(buf_done) struct buf out = BUF(4096);
	(void)state;
	page_choice_add(&c, "one");
	page_choice_add(&c, "one");
	page_choice_put(&c, &out);
	assert_string_equal(out.data, "");
	page_choice_add(&c, "<two>");
	page_choice_put(&c, &out);
	assert_non_null(strstr(out.data, "<option>one</option><option>&lt;two&gt;</option>"));
	for (int i = 0; i < 20; i++)
		page_choice_add(&c, (const char *[]){"a", "b", "c", "d", "e", "f", "g"}[i % 7]);
	assert_int_equal(c.n, PAGE_CHOICES);
}

/* ---- whole pages ---- */

static void put_report(const char *text, struct buf *out)
{
	AUTO(json_free) cJSON *document = NULL;
	assert_int_equal(json_parse(str_of(text), "document", &document, NULL), 0);
	page_report(document, out);
}

static size_t count(const char *in, const char *text)
{
	size_t n = 0;
	for (; (in = strstr(in, text)); in += strlen(text))
		n++;
	return n;
}

static const char built[] =
	"{\"image\": \"host/<img src=x>@sha256:0\", \"digest\": \"sha256:0\", \"key\": \"k\","
	" \"cached\": false, \"size\": 9000000, \"platform\": \"linux/amd64\","
	" \"base\": {\"image\": \"b\", \"digest\": \"sha256:1\", \"layers\": 2, \"size\": 4000000},"
	" \"layers\": ["
	"  {\"digest\": \"sha256:2\", \"size\": 3000000, \"reused\": false, \"contents\": ["
	"   {\"name\": \"small\", \"version\": \"1.0\", \"manager\": \"pip\", \"size\": 1000000},"
	"   {\"name\": \"</title><script>alert(1)</script>\", \"size\": 2000000, \"new\": true}]},"
	"  {\"digest\": \"sha256:3\", \"size\": 5000000, \"reused\": true, \"contents\": ["
	"   {\"name\": \"large\", \"version\": \"1.0\", \"manager\": \"conda\", \"size\": 5000000,"
	"    \"unpacked\": 9000000}]}],"
	" \"seconds\": {\"solve\": 0.25, \"total\": 1}}";

static void a_report_tells_of_packages_by_size_and_of_what_was_reused(void **state)
{
	AUTO(buf_done) struct buf out = BUF(PAGE_MAX), again = BUF(PAGE_MAX);
	(void)state;
	put_report(built, &out);
	put_report(built, &again);
	assert_true(str_eq(buf_str(&out), buf_str(&again)));
	assert_null(strstr(out.data, "<img"));
	assert_null(strstr(out.data, "{{"));
	assert_int_equal(count(out.data, "<script>"), 1);
	const char *large = strstr(out.data, "<th scope=\"row\">large <span>1.0 conda");
	const char *small = strstr(out.data, "<th scope=\"row\">small <span>");
	assert_true(large && small && large < small);
	assert_non_null(strstr(out.data, "new: 2.0 MB, 17 %"));
	assert_non_null(strstr(out.data, "packed before: 1.0 MB, 8 %"));
	assert_non_null(strstr(out.data, "there already: 5.0 MB, 42 %"));
	assert_non_null(strstr(out.data, "base image: 4.0 MB, 33 %"));
	assert_non_null(strstr(out.data, "<rect width=\"25.00\" height=\"10\"/>"));
	assert_non_null(strstr(out.data, "2 + 2"));
	assert_int_equal(count(out.data, "<g><title>"), 2 * 3);
}

static void documents_with_less_in_them_give_pages(void **state)
{
	static const struct {
		const char *document, *text;
	} rows[] = {
		{"{}", "Another machine has made the image"},
		{"{\"cached\":true,\"layers\":[]}", "nothing was solved"},
		{"{\"layers\":[{\"size\":5}]}", "packages: 0, layers: 1"},
		{"{\"layers\":[{\"contents\":[{}]}],\"seconds\":{\"solve\":-1}}", "0 kB"},
		{"{\"layers\":[1,{\"size\":9,\"contents\":[1,{\"name\":2,\"size\":9}]}]}", "0 kB"},
		{"{\"platforms\":[{\"platform\":\"a\"},{\"platform\":\"<b>\"}]}", "&lt;b&gt;"},
		{"{\"seconds\":{\"solve\":1e99}}", "0.000"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf out = BUF(PAGE_MAX);
		put_report(rows[i].document, &out);
		assert_non_null(strstr(out.data, rows[i].text));
		assert_null(strstr(out.data, "nan"));
	}
}

static void a_list_has_current_ones_first_and_links_to_successors(void **state)
{
	struct env_row v[] = {
		{.name = STR("a"),
		 .version = STR("1"),
		 .kind = "curated",
		 .state = "deprecated",
		 .successor = STR("b")},
		{.name = STR("b"), .version = STR("1"), .kind = "curated", .state = "current"},
		{.name = STR("b"),
		 .version = STR("2"),
		 .kind = "registered",
		 .state = "current",
		 .description = STR("</li><script>")},
		{.name = STR("c"),
		 .version = STR("1"),
		 .kind = "curated",
		 .state = "deprecated",
		 .successor = STR("gone")},
	};
	const struct env_rows rows = {.v = v, .n = COUNT(v)};
	AUTO(buf_done) struct buf out = BUF(PAGE_MAX);
	(void)state;
	page_list(&rows, &out);
	assert_true(strstr(out.data, "<li id=\"b:2\"") < strstr(out.data, "<li id=\"a:1\""));
	assert_non_null(strstr(out.data, "<a href=\"#b:2\">b</a>"));
	assert_non_null(strstr(out.data, "<span>gone</span>"));
	assert_non_null(strstr(out.data, "4 environments"));
	assert_int_equal(count(out.data, "<script>"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped_and_what_cannot_be_seen_is_marked),
		cmocka_unit_test(a_template_takes_values_as_text_or_as_html),
		cmocka_unit_test(choices_stand_once_and_only_where_there_is_a_choice),
		cmocka_unit_test(a_report_tells_of_packages_by_size_and_of_what_was_reused),
		cmocka_unit_test(documents_with_less_in_them_give_pages),
		cmocka_unit_test(a_list_has_current_ones_first_and_links_to_successors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/unit/test_reference.c - image references and their traps. */
#include "specs/reference.h"
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void reads_the_accepted_forms(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host, *repository, *tag;
		bool digest;
	} rows[] = {
		{"debian", "docker.io", "library/debian", "", false},
		{"debian:12", "docker.io", "library/debian", "12", false},
		{"foo/bar", "docker.io", "foo/bar", "", false},
		{"foo.io", "docker.io", "library/foo.io", "", false},
		{"foo:5000", "docker.io", "library/foo", "5000", false},
		{"foo.io:5000", "docker.io", "library/foo.io", "5000", false},
		{"docker.io/debian", "docker.io", "library/debian", "", false},
		{"index.docker.io/a/b", "docker.io", "a/b", "", false},
		{"localhost/a", "localhost", "a", "", false},
		{"localhost:5000/a:1", "localhost:5000", "a", "1", false},
		{"127.0.0.1:5000/a/b:v1", "127.0.0.1:5000", "a/b", "v1", false},
		{"[::1]:5000/a", "[::1]:5000", "a", "", false},
		{"HOST/a", "HOST", "a", "", false},
		{"h.example/a__b/c-----d/e.f", "h.example", "a__b/c-----d/e.f", "", false},
		{"h.example/a@sha256:" HEX, "h.example", "a", "", true},
		{"h.example/a:t@sha256:" HEX, "h.example", "a", "t", true},
		{"h.example/a:_T.x-y", "h.example", "a", "_T.x-y", false},
		{"h.example/" HEX, "h.example", HEX, "", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct reference r;
		if (reference_parse(&a, str_of(rows[i].text), &r, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e->text);
		assert_int_equal(r.kind, REFERENCE_REGISTRY);
		assert_string_equal(r.host.p, rows[i].host);
		assert_string_equal(r.repository.p, rows[i].repository);
		assert_string_equal(r.tag.p, rows[i].tag);
		assert_int_equal(r.has_digest, rows[i].digest);
	}
}

static void writes_the_full_text_which_reads_back(void **state)
{
	(void)state;
	static const struct {
		const char *text, *full;
	} rows[] = {
		{"debian:12", "docker.io/library/debian:12"},
		{"h.example/a:t@sha256:" HEX, "h.example/a:t@sha256:" HEX},
		{"[::1]:5000/a", "[::1]:5000/a"},
		{"oci:out", "oci:out"},
		{"oci:/a/b c:v1", "oci:/a/b c:v1"},
		{"oci:dir:with/colon", "oci:dir:with/colon"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf once = BUF(4096), again = BUF(4096);
		struct reference r;
		assert_int_equal(reference_parse(&a, str_of(rows[i].text), &r, NULL), 0);
		reference_write(&r, &once);
		assert_string_equal(once.data, rows[i].full);
		assert_int_equal(reference_parse(&a, buf_str(&once), &r, NULL), 0);
		reference_write(&r, &again);
		assert_string_equal(again.data, rows[i].full);
		buf_done(&again);
	}
}

static void reads_oci_folders(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path, *tag;
	} rows[] = {
		{"oci:out", "out", ""},
		{"oci:out:v1", "out", "v1"},
		{"oci:/tmp/a.b/c:x", "/tmp/a.b/c", "x"},
		{"oci:a:b/c", "a:b/c", ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct reference r;
		assert_int_equal(reference_parse(&a, str_of(rows[i].text), &r, NULL), 0);
		assert_int_equal(r.kind, REFERENCE_OCI);
		assert_string_equal(r.path.p, rows[i].path);
		assert_string_equal(r.tag.p, rows[i].tag);
	}
}

static void reads_places_of_other_tools(void **state)
{
	(void)state;
	static const struct {
		const char *text, *full, *name;
		enum reference_kind kind;
	} rows[] = {
		{"oci-archive:a.tar", "oci-archive:a.tar", "", REFERENCE_OCI_ARCHIVE},
		{"oci-archive:/a:b/c.tar:v1", "oci-archive:/a:b/c.tar:v1", "v1",
		 REFERENCE_OCI_ARCHIVE},
		{"docker-archive:a.tar", "docker-archive:a.tar", "", REFERENCE_DOCKER_ARCHIVE},
		{"docker-archive:d/a.tar:env:1", "docker-archive:d/a.tar:docker.io/library/env:1",
		 "docker.io/library/env:1", REFERENCE_DOCKER_ARCHIVE},
		{"docker-archive:a.tar:h.example:5000/env:1",
		 "docker-archive:a.tar:h.example:5000/env:1", "h.example:5000/env:1",
		 REFERENCE_DOCKER_ARCHIVE},
		{"docker-daemon:team/env:2", "docker-daemon:docker.io/team/env:2",
		 "docker.io/team/env:2", REFERENCE_DOCKER_DAEMON},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf full = BUF(4096);
		AUTO(buf_done) struct buf name = BUF(4096);
		struct reference r;
		assert_int_equal(reference_parse(&a, str_of(rows[i].text), &r, NULL), 0);
		assert_int_equal(r.kind, rows[i].kind);
		reference_write(&r, &full);
		assert_string_equal(full.data, rows[i].full);
		reference_write_name(&r, &name);
		assert_string_equal(name.data, rows[i].name);
	}
}

static void refuses_what_is_no_reference(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "empty"},
		{HEX, "id of an image"},
		{"https://h.example/a", "has no scheme"},
		{"dir:x", "transport \"dir:\" is not supported"},
		{"oci-archive:", "names no file: oci-archive:FILE[:TAG]"},
		{"oci-archive:a.tar:.x", "\".x\" is no tag"},
		{"docker-archive:", "names no file: docker-archive:"},
		{"docker-archive::a:b", "names no file"},
		{"docker-archive:a.tar:name", "there is no tag"},
		{"docker-archive:a.tar:Name:1", "must be lower case"},
		{"docker-daemon:", "names no image: docker-daemon:NAME:TAG"},
		{"docker-daemon:env", "there is no tag"},
		{"docker-daemon:env:1@sha256:" HEX, "without a digest"},
		{"h.example/A/b", "must be lower case, \"A\""},
		{"Debian", "must be lower case"},
		{"h.example/a//b", "empty part"},
		{"h.example/a/", "empty part"},
		{"/a", "empty part"},
		{"h.example/", "empty part"},
		{"h.example/a___b", "\"a___b\" is no part"},
		{"h.example/-a", "\"-a\" is no part"},
		{"h.example/a..b", "\"a..b\" is no part"},
		{"h.example/a b", "\"a b\" is no part"},
		{"h_x.example/a", "\"h_x.example\" is no host"},
		{"h.example:0/a", "is no host"},
		{"h.example:x/a", "is no host"},
		{"[::1/a", "is no host"},
		{"h.example/a:", "is no tag"},
		{"h.example/a:.x", "\".x\" is no tag"},
		{"h.example/a:x y", "is no tag"},
		{"h.example/a@sha512:00", "\"sha512\" is not supported"},
		{"h.example/a@sha256:00", "64 lower-case hex digits"},
		{"h.example/"
		 "a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		 "64 lower-case hex digits"},
		{"u:p@h.example/a", "no user or password"},
		{"oci:", "names no folder"},
		{"oci:a:", "is no tag"},
		{"a\nb", "control character"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct reference r;
		if (reference_parse(&a, str_of(rows[i].text), &r, &e) != ERR_SYNTAX)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(e->text, rows[i].says))
			fail_msg("%s: says %s", rows[i].text, e->text);
	}
}

static void refuses_what_is_too_long(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(buf_done) struct buf text = BUF(8192);
	struct reference r;
	for (int i = 0; i < 248; i++)
		buf_add_char(&text, 'r');
	assert_int_equal(reference_parse(&a, buf_str(&text), &r, NULL), ERR_SYNTAX);
	assert_int_equal(reference_parse(&a, str_from(buf_str(&text), 1), &r, NULL), 0);
	buf_clear(&text);
	buf_add_text(&text, "h.example/a:");
	for (int i = 0; i < 128; i++)
		buf_add_char(&text, 't');
	assert_int_equal(reference_parse(&a, buf_str(&text), &r, NULL), 0);
	buf_add_char(&text, 't');
	assert_int_equal(reference_parse(&a, buf_str(&text), &r, NULL), ERR_SYNTAX);
	buf_clear(&text);
	for (int i = 0; i < 256; i++)
		buf_add_char(&text, 'r');
	assert_int_equal(reference_parse(&a, buf_str(&text), &r, NULL), ERR_SYNTAX);
	for (int i = 0; i < 4096; i++)
		buf_add_char(&text, 'r');
	assert_int_equal(reference_parse(&a, buf_str(&text), &r, NULL), ERR_SYNTAX);
}

static void knows_where_to_connect(void **state)
{
	(void)state;
	static const struct {
		const char *text, *api;
		bool loopback;
	} rows[] = {
		{"debian", "registry-1.docker.io", false},
		{"localhost/a", "localhost", true},
		{"localhost:5000/a", "localhost:5000", true},
		{"x.localhost:1/a", "x.localhost:1", true},
		{"127.0.0.1:5000/a", "127.0.0.1:5000", true},
		{"127.9.8.7/a", "127.9.8.7", true},
		{"127.evil.example/a", "127.evil.example", false},
		{"localhost.example/a", "localhost.example", false},
		{"[::1]:5000/a", "[::1]:5000", true},
		{"[::12]:5000/a", "[::12]:5000", false},
		{"10.0.0.1/a", "10.0.0.1", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct reference r;
		assert_int_equal(reference_parse(&a, str_of(rows[i].text), &r, NULL), 0);
		assert_true(str_is(reference_api_host(&r), rows[i].api));
		assert_int_equal(reference_is_loopback(&r), rows[i].loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_accepted_forms),
		cmocka_unit_test(writes_the_full_text_which_reads_back),
		cmocka_unit_test(reads_oci_folders),
		cmocka_unit_test(reads_places_of_other_tools),
		cmocka_unit_test(refuses_what_is_no_reference),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(knows_where_to_connect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/unit/test_auth.c - challenges, scopes, config.json, addresses that registries hand out. */
#include "builder/auth.h"
#include "builder/endpoint.h"
#include "specs/base/fs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- challenges ---- */

static void show(const struct challenges *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++)
		buf_printf(out, "%s realm=%.*s service=%.*s scope=%.*s error=%.*s;",
			   c->v[i].scheme == AUTH_BASIC ? "basic" : "bearer",
			   STR_ARG(c->v[i].realm), STR_ARG(c->v[i].service), STR_ARG(c->v[i].scope),
			   STR_ARG(c->v[i].error));
}

static void reads_every_form_of_challenge(void **state)
{
	static const struct {
		const char *header, *shown;
	} rows[] = {
		{"Basic realm=\"here\"", "basic realm=here service= scope= error=;"},
		{"basic", "basic realm= service= scope= error=;"},
		{"", ""},
		{"Negotiate", ""},
		{"Negotiate YII=, Basic realm=x", "basic realm=x service= scope= error=;"},
		{"Negotiate YIIC/abc==, Bearer realm=\"r\"",
		 "bearer realm=r service= scope= error=;"},
		{"Bearer "
		 "realm=\"https://a/token\",service=\"reg\",scope=\"repository:x/y:pull,push\"",
		 "bearer realm=https://a/token service=reg scope=repository:x/y:pull,push error=;"},
		{"BEARER Realm = \"r\" , SCOPE=\"a:b:c d:e:f,g\",error=insufficient_scope",
		 "bearer realm=r service= scope=a:b:c d:e:f,g error=insufficient_scope;"},
		{"Basic realm=\"a, b\", Bearer realm=\"r\",service=s-1",
		 "basic realm=a, b service= scope= error=;bearer realm=r service=s-1 scope= "
		 "error=;"},
		{"Bearer realm=\"say \\\"hi\\\"\"",
		 "bearer realm=say \"hi\" service= scope= error=;"},
		{"Bearer realm=https://a/token?x=1&y=2,service=s",
		 "bearer realm=https://a/token?x=1&y=2 service=s scope= error=;"},
		{"Bearer realm=\"never ends", "bearer realm=never ends service= scope= error=;"},
		{",,  ,Basic realm=x,,", "basic realm=x service= scope= error=;"},
		{"realm=\"nobody's\", Basic", "basic realm= service= scope= error=;"},
		{"Bearer realm=\"one\",realm=\"two\"", "bearer realm=one service= scope= error=;"},
		{"Bearer realm=\"r\\", "bearer realm=r\\ service= scope= error=;"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(buf_done) struct buf text = BUF(4096);
		struct challenges c;
		challenges_parse(&a, str_of(rows[i].header), &c);
		show(&c, &text);
		assert_string_equal(text.data, rows[i].shown);
	}
}

static void compares_scopes_as_sets(void **state)
{
	static const struct {
		const char *have, *want;
		bool covers;
	} rows[] = {
		{"", "", true},
		{"repository:a:pull", "", true},
		{"", "repository:a:pull", false},
		{"repository:a:pull", "repository:a:pull", true},
		{"repository:a:push,pull", "repository:a:pull,push", true},
		{"repository:a:pull", "repository:a:pull,push", false},
		{"repository:a:pull,push", "repository:b:pull", false},
		{"repository:b:pull repository:a:pull,push",
		 "repository:a:pull,push repository:b:pull", true},
		{"repository:h:5000/a:pull", "repository:h:5000/a:pull", true},
		{"repository:h:5000/a:pull", "repository:h:5000/b:pull", false},
		{"repository:a:*", "repository:a:pull,delete", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(scope_covers(str_of(rows[i].have), str_of(rows[i].want)),
				 rows[i].covers);
}

/* ---- logins ---- */

static void codes_base64_both_ways(void **state)
{
	static const struct {
		const char *plain, *coded;
	} rows[] = {
		{"", ""},	 {"a", "YQ=="},	       {"ab", "YWI="},
		{"abc", "YWJj"}, {"abcd", "YWJjZA=="}, {"\xff\xfe~", "//5+"},
	};
	static const char *const wrong[] = {"Y", "YQ=!", "Y=Q=", "====", "YQ==YQ==", "Y Q="};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(64);
		base64_write(&text, str_of(rows[i].plain));
		assert_string_equal(text.data, rows[i].coded);
		buf_clear(&text);
		assert_true(base64_read(str_of(rows[i].coded), &text));
		assert_string_equal(text.data, rows[i].plain);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(buf_done) struct buf text = BUF(64);
		assert_false(base64_read(str_of(wrong[i]), &text));
	}
}

static struct reference reference_of(struct arena *a, const char *text)
{
	struct reference r;
	assert_int_equal(reference_parse(a, str_of(text), &r, NULL), 0);
	return r;
}

/* "user:password", "identity:T", "token:T", "helper:H", or the error's code. */
static void show_login(const char *config, const char *reference, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(credentials_done) struct credentials c = {0};
	struct reference r = reference_of(&a, reference);
	int code = credentials_read(str_of(config), &r, &c, NULL);
	if (code < 0)
		buf_printf(out, "%d", code);
	if (c.user)
		buf_printf(out, "%s:%s ", c.user, c.password);
	if (c.identity_token)
		buf_printf(out, "identity:%s ", c.identity_token);
	if (c.registry_token)
		buf_printf(out, "token:%s ", c.registry_token);
	if (c.helper)
		buf_printf(out, "helper:%s ", c.helper);
}

#define ABSENT "-4"
#define CORRUPT "-13"
#define ONE(key, value) "{\"auths\":{\"" key "\":" value "}}"
#define UP "{\"auth\":\"dTpw\"}" /* u:p */
#define VW "{\"auth\":\"djp3\"}" /* v:w */

static void finds_the_login_of_a_registry(void **state)
{
	static const struct {
		const char *config, *reference, *login;
	} rows[] = {
		{ONE("h.io", UP), "h.io/a", "u:p "},
		{ONE("h.io", UP), "other.io/a", ABSENT},
		{ONE("h.io", UP), "h.io:5000/a", ABSENT},
		{ONE("h.io:5000", UP), "h.io:5000/a", "u:p "},
		{ONE("h.io:443", UP), "h.io/a", "u:p "},
		{ONE("h.io", UP), "h.io:443/a", "u:p "},
		{ONE("https://h.io", UP), "h.io/a", "u:p "},
		{ONE("https://h.io/v1/", UP), "h.io/a", "u:p "},
		{ONE("http://h.io:5000/v2/", UP), "h.io:5000/a/b", "u:p "},
		{ONE("https://index.docker.io/v1/", UP), "debian", "u:p "},
		{ONE("docker.io", UP), "me/image", "u:p "},
		{ONE("index.docker.io", UP), "docker.io/me/image", "u:p "},
		{ONE("https://index.docker.io/v1/", UP), "h.io/a", ABSENT},
		{"{\"auths\":{\"h.io\":" UP ",\"h.io/a/b\":" VW "}}", "h.io/a/b/c", "v:w "},
		{"{\"auths\":{\"h.io/a/b\":" VW ",\"h.io\":" UP "}}", "h.io/a/bc", "u:p "},
		{"{\"auths\":{\"https://h.io\":" UP ",\"h.io\":" VW "}}", "h.io/a", "v:w "},
		{ONE("h.io/a", UP), "h.io/b", ABSENT},
		/* entries */
		{ONE("h.io", "{\"username\":\"u\",\"password\":\"p\"}"), "h.io/a", "u:p "},
		{ONE("h.io", "{\"auth\":\"dTpwOnE=\"}"), "h.io/a", "u:p:q "},
		{ONE("h.io", "{\"auth\":\"dTpw\\n\"}"), "h.io/a", "u:p "},
		{ONE("h.io", "{\"auth\":\"dTpwAAA=\"}"), "h.io/a", "u:p "},
		{ONE("h.io", "{\"auth\":\"dTpw\",\"identitytoken\":\"t\"}"), "h.io/a",
		 "u:p identity:t "},
		{ONE("h.io", "{\"registrytoken\":\"t\"}"), "h.io/a", "token:t "},
		{ONE("h.io", "{}"), "h.io/a", ABSENT},
		{ONE("h.io", "{\"auth\":\"\"}"), "h.io/a", ABSENT},
		{ONE("h.io", "{\"auth\":\"!!\"}"), "h.io/a", CORRUPT},
		{ONE("h.io", "{\"auth\":\"OnA=\"}"), "h.io/a", CORRUPT},
		{ONE("h.io", "{\"auth\":\"dQ==\"}"), "h.io/a", CORRUPT},
		{"{\"auths\":{\"bad.io\":{\"auth\":\"!!\"},\"h.io\":" UP "}}", "h.io/a", "u:p "},
		/* helpers */
		{"{\"auths\":{\"h.io\":{}},\"credsStore\":\"desktop\"}", "h.io/a",
		 "helper:desktop "},
		{"{\"credsStore\":\"x\",\"credHelpers\":{\"h.io\":\"ecr\"}}", "h.io/a",
		 "helper:ecr "},
		{"{\"credHelpers\":{\"h.io\":\"ecr\"}}", "o.io/a", ABSENT},
		/* files */
		{"{}", "h.io/a", ABSENT},
		{"", "h.io/a", CORRUPT},
		{"{\"auths\":[]}", "h.io/a", ABSENT},
		{"{\"auths\":{\"h.io\":\"text\"}}", "h.io/a", ABSENT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(4096);
		show_login(rows[i].config, rows[i].reference, &text);
		if (strcmp(text.data, rows[i].login) != 0)
			print_error("%s %s\n", rows[i].config, rows[i].reference);
		assert_string_equal(text.data, rows[i].login);
	}
}

static char warned[512];

static void on_warn(struct log *l, const char *text)
{
	(void)l;
	snprintf(warned, sizeof(warned), "%s", text);
}

static void looks_for_logins_in_every_place(void **state)
{
	(void)state;
	static const struct {
		const char *variable, *value, *file; /* below the folder */
		const char *config, *user;
	} rows[] = {
		{"XDG_CONFIG_HOME", "/xdg", "/xdg/containers/auth.json", ONE("h.io", UP), "u"},
		{"XDG_RUNTIME_DIR", "/run", "/run/containers/auth.json", ONE("h.io", VW), "v"},
		{"DOCKER_CONFIG", "/docker", "/docker/config.json", ONE("h.io", UP), "u"},
		{"DOCKER_AUTH_CONFIG", NULL, NULL, ONE("h.io", VW), "v"},
		{"REGISTRY_AUTH_FILE", "/auth.json", "/auth.json", ONE("h.io", UP), "u"},
	};
	AUTO(arena_done) struct arena a = ARENA;
	struct log log = {.warn = on_warn};
	struct reference r = reference_of(&a, "h.io/a");
	char folder[] = "/tmp/kiln-auth-XXXXXX", path[128];
	assert_non_null(mkdtemp(folder));
	setenv("HOME", folder, 1);
	for (size_t i = 0; i < COUNT(rows); i++)
		unsetenv(rows[i].variable);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(credentials_done) struct credentials c = {0};
		snprintf(path, sizeof(path), "%s%s", folder, rows[i].file ? rows[i].file : "");
		if (rows[i].file) {
			AUTO(free) char *parent = mem_text(path);
			*strrchr(parent, '/') = 0;
			assert_int_equal(fs_make_dirs(parent, 0700, NULL), 0);
			assert_int_equal(fs_write(path, str_of(rows[i].config), 0600, NULL), 0);
		}
		snprintf(path, sizeof(path), "%s%s", folder, rows[i].value ? rows[i].value : "");
		setenv(rows[i].variable, rows[i].value ? path : rows[i].config, 1);
		credentials_find(&r, &log, &c);
		assert_string_equal(c.user, rows[i].user);
		assert_string_equal(warned, "");
	}
	/* One that cannot be read is warned of, and the next is asked. */
	AUTO(credentials_done) struct credentials c = {0};
	assert_int_equal(fs_write(path, STR("{\"auths\": oops"), 0600, NULL), 0);
	credentials_find(&r, &log, &c);
	assert_string_equal(c.user, "v");
	assert_non_null(strstr(warned, "auth.json"));
	assert_int_equal(fs_remove(folder, NULL), 0);
}

/* ---- addresses ---- */

static void resolves_addresses_and_mistrusts_them(void **state)
{
	static const struct {
		const char *from, *location, *to;
		int code;
	} rows[] = {
		{"https://h/v2/a", "https://h/x?y=%2B", "https://h/x?y=%2B", 0},
		{"https://h/v2/a", "/x", "https://h/x", 0},
		{"https://h/v2/a", "//o.io/x", "https://o.io/x", 0},
		{"https://h.io/v2/a", "h.io/x/y", "https://h.io/x/y", 0},
		{"https://h/v2/a", "b", "https://h/v2/b", 0},
		{"https://h", "b", "https://h/b", 0},
		{"https://h/v2/a", "https://o.io/x#part", "https://o.io/x", 0},
		/* never from https to http */
		{"https://h/v2/a", "http://h/x?y", "https://h/x?y", 0},
		{"https://h:5000/v2/a", "http://h:5000/x", "https://h:5000/x", 0},
		{"https://h:5000/v2/a", "http://h/x", "https://h:5000/x", 0},
		{"https://h/v2/a", "http://h:8080/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "http://o.io/x", NULL, ERR_REFUSED},
		{"http://localhost:5000/a", "http://127.0.0.1:5001/x", "http://127.0.0.1:5001/x",
		 0},
		{"https://h/v2/a", "http://h/x y", NULL, ERR_CORRUPT},
		{"https://h/v2/a", "http://u:p@h/x", NULL, ERR_CORRUPT},
		/* not into this network from outside */
		{"https://h/v2/a", "https://127.0.0.1/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://2130706433/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://0x7f.1/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://169.254.169.254/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://[::1]/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://[::ffff:10.0.0.1]:5000/x", NULL, ERR_REFUSED},
		{"https://h/v2/a", "https://localhost/x", NULL, ERR_REFUSED},
		{"https://10.0.0.1/v2/a", "https://10.0.0.2/x", "https://10.0.0.2/x", 0},
		/* not an address */
		{"https://h/v2/a", "https://u:p@o.io/x", NULL, ERR_CORRUPT},
		{"https://h/v2/a", "file:///etc/passwd", NULL, ERR_CORRUPT},
		{"https://h/v2/a", "https:///x", NULL, ERR_CORRUPT},
		{"https://h/v2/a", "https://o.io/x y", NULL, ERR_CORRUPT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf to = BUF(4096);
		int code =
			endpoint_resolve(str_of(rows[i].from), str_of(rows[i].location), &to, NULL);
		if (code != rows[i].code)
			print_error("%s\n", rows[i].location);
		assert_int_equal(code, rows[i].code);
		if (code == 0)
			assert_string_equal(to.data, rows[i].to);
	}
}

static void knows_one_server_by_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"https://h/x", "https://h/y", true},
		{"https://h/x", "https://h:443/y", true},
		{"https://H/x", "HTTPS://h/y", true},
		{"http://h/x", "https://h/y", false},
		{"http://h:80/x", "http://h", true},
		{"https://h:1/x", "https://h:2/x", false},
		{"https://h/x", "https://h.io/x", false},
		{"https://[::1]:5/x", "https://[::1]:5", true},
		{"https://[::1]:5/x", "https://[::1]/x", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(endpoint_same(str_of(rows[i].a), str_of(rows[i].b)), rows[i].same);
}

static void adds_to_a_query_and_leaves_it_as_it_is(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf url = BUF(256);
	buf_add_text(&url, "https://h/x");
	endpoint_query(&url, "a", STR("sha256:1+2"));
	endpoint_query(&url, "b", STR("x y/z~"));
	assert_string_equal(url.data, "https://h/x?a=sha256%3A1%2B2&b=x%20y%2Fz~");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_of_challenge),
		cmocka_unit_test(compares_scopes_as_sets),
		cmocka_unit_test(codes_base64_both_ways),
		cmocka_unit_test(finds_the_login_of_a_registry),
		cmocka_unit_test(looks_for_logins_in_every_place),
		cmocka_unit_test(resolves_addresses_and_mistrusts_them),
		cmocka_unit_test(knows_one_server_by_scheme_host_and_port),
		cmocka_unit_test(adds_to_a_query_and_leaves_it_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

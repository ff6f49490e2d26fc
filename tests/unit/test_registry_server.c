/* tests/unit/test_registry_server.c - against a real registry (distribution), what is pushed
 * read back by skopeo. Skipped where there is neither, or no base image in build/base. */
#include "builder/registry.h"
#include "specs/base/workers.h"
#include "tests/fake/folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/place.h"

#define LOGIN "user:$2b$04$9Dk4hWOeMk3Pfh4vEIGqveJ1yTOpM/0slEOli6mNND/lSB.ijR6Tm\n"
#define BASE "oci:build/base:bookworm"

static struct http *client;
static unsigned port, locked_port;
static bool usable;

static void say_config(const char *user_and_password)
{
	char path[128], text[256];
	snprintf(path, sizeof(path), "%s/config.json", folder);
	snprintf(text, sizeof(text), "{\"auths\":{\"127.0.0.1:%u\":{\"auth\":\"%s\"}}}",
		 locked_port, user_and_password);
	assert_int_equal(fs_write(path, str_of(text), 0600, NULL), 0);
}

static int shell(const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return system(text);
}

static unsigned start(const char *name)
{
	char path[128];
	unsigned number = 0;
	if (shell("timeout 60 tests/base/registry.sh start %s/%s", folder, name) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s/port", folder, name);
	FILE *f = fopen(path, "r");
	if (f && fscanf(f, "%u", &number) != 1)
		number = 0;
	if (f)
		fclose(f);
	return number;
}

static void open_place(struct place *p, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	place_open(p, client, NULL, text);
}

struct copy {
	struct place *from, *to;
	struct base_image *image;
	unsigned sent;
};

static int copy_blob(void *cookie, size_t i, struct err **e)
{
	struct copy *c = cookie;
	const struct descriptor *d = i ? &c->image->layers[i - 1] : &c->image->config;
	struct push_blob b = {.digest = d->digest,
			      .size = d->size,
			      .media_type = d->media_type,
			      .name = STR("blob"),
			      .from = c->from->g,
			      .from_reference = &c->from->r};
	int code = registry_push_blob(c->to->g, &c->to->r, &b, e);
	__atomic_fetch_add(&c->sent, b.sent, __ATOMIC_RELAXED);
	return code;
}

/* The image of one place at the other; how many blobs were sent. */
static int copy(struct place *from, struct place *to, unsigned *sent, struct err **e)
{
	AUTO(base_image_done) struct base_image image = {0};
	AUTO(buf_done) struct buf manifest = BUF(4 << 20);
	AUTO(buf_done) struct buf type = BUF(4096);
	char cache[128];
	snprintf(cache, sizeof(cache), "%s/cache", folder);
	int code = registry_pull_base(from->g, &from->r, cache, &image, e);
	if (code == 0)
		code = registry_get_manifest(from->g, &from->r, &manifest, &type, e);
	struct copy c = {from, to, &image, 0};
	if (code == 0)
		code = workers_run(4, image.layer_count + 1, copy_blob, &c, e);
	struct push_manifest m = {.manifest = buf_str(&manifest),
				  .media_type = buf_str(&type),
				  .tags = {&to->r.tag, 1}};
	if (code == 0)
		code = registry_put(to->g, &to->r, &m, e);
	for (size_t i = 0; code == 0 && i < image.layer_count; i++) {
		const struct descriptor *d = &image.layers[i];
		assert_int_equal(registry_has_blob(to->g, &to->r, &d->digest, d->size, e), 1);
		assert_int_equal(registry_has_blob(to->g, &to->r, &d->digest, d->size + 1, e), 0);
		assert_int_equal(registry_has_blob(to->g, &to->r, &image.named, 7, e), 0);
	}
	*sent = c.sent;
	return code;
}

static void must_copy(struct place *from, struct place *to, unsigned sent)
{
	AUTO(err_free) struct err *e = NULL;
	unsigned was;
	if (copy(from, to, &was, &e) < 0) {
		AUTO(free) char *line = err_line(e);
		fail_msg("%s", line);
	}
	assert_int_equal(was, sent);
}

static void copies_an_image_that_skopeo_reads(void **state)
{
	(void)state;
	AUTO(place_done) struct place base, one, two, again;
	if (!usable)
		skip();
	open_place(&base, BASE);
	open_place(&one, "127.0.0.1:%u/one/app:v1", port);
	open_place(&two, "127.0.0.1:%u/two/app:v1", port);
	open_place(&again, "oci:%s/again:v1", folder);
	must_copy(&base, &one, 2);
	must_copy(&base, &one, 0);
	must_copy(&one, &two, 0); /* mounted */
	must_copy(&two, &again, 2);
	assert_int_equal(shell("skopeo --insecure-policy copy -q --src-tls-verify=false "
			       "docker://127.0.0.1:%u/two/app:v1 dir:%s/read",
			       port, folder),
			 0);
	assert_int_equal(shell("skopeo --insecure-policy copy -q oci:%s/again:v1 dir:%s/read2",
			       folder, folder),
			 0);
	assert_int_equal(shell("cmp %s/read/manifest.json %s/read2/manifest.json", folder, folder),
			 0);
}

static void logs_in_where_it_must(void **state)
{
	(void)state;
	AUTO(place_done) struct place base, locked, from, open;
	AUTO(err_free) struct err *e = NULL;
	struct digest d;
	unsigned sent;
	if (!usable)
		skip();
	open_place(&base, BASE);
	{
		AUTO(place_done) struct place wrong;
		say_config("dXNlcjp3cm9uZw==");
		open_place(&wrong, "127.0.0.1:%u/locked/app:v1", locked_port);
		assert_int_equal(copy(&base, &wrong, &sent, &e), ERR_REFUSED);
		AUTO(free) char *line = err_line(e);
		assert_non_null(strstr(line, "(logged in as user)"));
		assert_null(strstr(line, "wrong"));
	}
	say_config("dXNlcjpzZTpjcmV0");
	open_place(&locked, "127.0.0.1:%u/locked/app:v1", locked_port);
	must_copy(&base, &locked, 2);
	/* Through this machine, from the one with a login to the one without. */
	open_place(&from, "127.0.0.1:%u/locked/app:v1", locked_port);
	open_place(&open, "127.0.0.1:%u/through/app:v2", port);
	must_copy(&from, &open, 2);
	assert_int_equal(registry_head(open.g, &open.r, &d, NULL, NULL), 0);
	assert_int_equal(
		shell("skopeo --insecure-policy inspect -n --tls-verify=false --creds user:se:cret "
		      "docker://127.0.0.1:%u/locked/app:v1 >%s/inspected",
		      locked_port, folder),
		0);
}

static void says_what_is_not_there(void **state)
{
	(void)state;
	AUTO(place_done) struct place none;
	struct digest d;
	if (!usable)
		skip();
	open_place(&none, "127.0.0.1:%u/no/such:v1", port);
	assert_int_equal(registry_head(none.g, &none.r, &d, NULL, NULL), ERR_ABSENT);
}

static int setup(void **state)
{
	char path[128];
	if (folder_make(state) < 0 || http_open(NULL, &client, NULL) < 0)
		return -1;
	setenv("DOCKER_CONFIG", folder, 1);
	usable = shell("command -v docker-registry >/dev/null && command -v skopeo >/dev/null && "
		       "test -e build/base/index.json") == 0;
	if (!usable)
		return 0;
	snprintf(path, sizeof(path), "%s/locked", folder);
	if (fs_make_dirs(path, 0700, NULL) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/locked/htpasswd", folder);
	if (fs_write(path, STR(LOGIN), 0600, NULL) < 0)
		return -1;
	port = start("open");
	locked_port = start("locked");
	return port && locked_port ? 0 : -1;
}

static int teardown(void **state)
{
	http_close(client);
	if (usable)
		shell("tests/base/registry.sh stop %s/open; tests/base/registry.sh stop %s/locked",
		      folder, folder);
	return folder_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_an_image_that_skopeo_reads),
		cmocka_unit_test(logs_in_where_it_must),
		cmocka_unit_test(says_what_is_not_there),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

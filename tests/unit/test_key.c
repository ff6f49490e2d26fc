/* tests/unit/test_key.c - what a key depends on and what not, over generated environments. */
#include "specs/base/vec.h"
#include "specs/key.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_SPECS = 6, MAX_VARIABLES = 4, MAX_CHANNELS = 4, ROUNDS = 400 };

/* ---- an environment that can be written in many ways ---- */

struct environment {
	const char *channels[MAX_CHANNELS];
	const char *specs[MAX_SPECS]; /* one way of writing each: rows of spellings[] */
	unsigned spelling[MAX_SPECS];
	const char *values[MAX_VARIABLES];
	size_t channel_count, spec_count, variable_count;
};

/* A row is one spec in several ways of writing it. */
static const char *const spellings[][5] = {
	{"numpy=1.26", "NumPy 1.26.*", "numpy 1.26*", "numpy =1.26.*", "numpy[version='1.26.*']"},
	{"python >=3.10,<3.12", "python>=3.10,<3.12", "Python >= 3.10 , < 3.12",
	 "python[version='>=3.10,<3.12']", "python >=3.010,<3.12"},
	{"zlib", "ZLIB", "zlib[]", "zlib *", "zlib # packed"},
	{"blas=*=*mkl", "blas * *mkl", "blas[build='*mkl']", "BLAS[build=*mkl]", "blas =*=*mkl"},
	{"c::tk==8.6", "c::tk 8.6", "c::TK[version='==8.6']", "tk 8.6[channel=c]", "c/::tk ==8.6"},
	{"p[build_number=3]", "p[build_number='==3']", "P[build_number=3]", "p[ build_number=3 ]",
	 "p[build_number=\"3\"]"},
};
static const char *const channel_names[MAX_CHANNELS] = {"c", "main/label/dev",
							"https://h.example/a", "file:///srv/b"};
static const char *const variable_values[MAX_VARIABLES] = {"1", "a b", "x=y", "\\n"};

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void shuffle(size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t k = below((unsigned)i), kept = order[k];
		order[k] = order[i - 1];
		order[i - 1] = kept;
	}
}

static struct environment make_environment(void)
{
	struct environment v = {.channel_count = 1 + below(MAX_CHANNELS),
				.spec_count = 1 + below(MAX_SPECS),
				.variable_count = below(MAX_VARIABLES + 1)};
	size_t order[MAX_SPECS];
	for (size_t i = 0; i < v.channel_count; i++)
		v.channels[i] = channel_names[i];
	shuffle(order, MAX_SPECS);
	for (size_t i = 0; i < v.spec_count; i++)
		v.spelling[i] = (unsigned)order[i];
	for (size_t i = 0; i < v.variable_count; i++)
		v.values[i] = variable_values[below(MAX_VARIABLES)];
	return v;
}

/* ---- written in one way of many ---- */

static void put_noise(struct buf *out)
{
	static const char *const noise[] = {"", "", "# a comment\n", "\n", "\n# x: y\n\n"};
	buf_add_text(out, noise[below(COUNT(noise))]);
}

static void put_scalar(struct buf *out, const char *text)
{
	bool single = strchr(text, '\'') == NULL, twice = strpbrk(text, "\"\\") == NULL;
	unsigned way = below(3);
	if (way == 0 && single)
		buf_printf(out, "'%s'", text);
	else if (way == 1 && twice)
		buf_printf(out, "\"%s\"", text);
	else
		buf_add_text(out, text);
}

static void put_channels(struct buf *out, const struct environment *v)
{
	buf_add_text(out, "channels:\n");
	for (size_t i = 0; i < v->channel_count; i++) {
		bool slash = below(4) == 0;
		put_noise(out);
		buf_printf(out, "  - %s%s\n", v->channels[i], slash ? "/" : "");
	}
	if (below(2))
		buf_add_text(out, "  - nodefaults\n");
}

static void put_specs(struct buf *out, const struct environment *v)
{
	size_t order[MAX_SPECS];
	shuffle(order, v->spec_count);
	buf_add_text(out, "dependencies:\n");
	for (size_t i = 0; i < v->spec_count; i++) {
		put_noise(out);
		buf_add_text(out, "- ");
		put_scalar(out, spellings[v->spelling[order[i]]][below(5)]);
		buf_add_text(out, below(3) ? "\n" : "   # why\n");
	}
}

static void put_variables(struct buf *out, const struct environment *v)
{
	size_t order[MAX_VARIABLES];
	shuffle(order, v->variable_count);
	if (v->variable_count == 0)
		return;
	buf_add_text(out, "variables:\n");
	for (size_t i = 0; i < v->variable_count; i++) {
		put_noise(out);
		buf_printf(out, "  V%zu: '%s'\n", order[i], v->values[order[i]]);
	}
}

static void put_name(struct buf *out, const struct environment *v)
{
	(void)v;
	if (below(2))
		buf_printf(out, "name: n%u\n", below(9));
	if (below(2))
		buf_printf(out, "prefix: /p%u\n", below(9));
}

static void write_environment(struct buf *out, const struct environment *v)
{
	static void (*const parts[])(struct buf *, const struct environment *) = {
		put_channels, put_specs, put_variables, put_name};
	size_t order[COUNT(parts)];
	shuffle(order, COUNT(parts));
	buf_clear(out);
	for (size_t i = 0; i < COUNT(parts); i++) {
		put_noise(out);
		parts[order[i]](out, v);
	}
}

/* ---- its key ---- */

static const struct key_input plain = {.platform = STR("linux/amd64"),
				       .base_digest = STR("sha256:00"),
				       .prefix = STR("/opt/env"),
				       .compression = STR("gzip"),
				       .priority = STR("flexible")};

static struct digest key_of(struct str text, const struct key_input *settings, struct buf *shown)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	if (definition_parse(text, "env", NULL, NULL, &d, &e) < 0)
		fail_msg("%s\n%s", e->text, text.p);
	struct key_input in = *settings;
	struct digest digest, of_text;
	in.definition = &d;
	in.channels = d.channels;
	buf_clear(shown);
	key_text(&in, shown);
	key_digest(&in, &digest);
	digest_of(shown->data, shown->n, &of_text);
	assert_true(digest_eq(&digest, &of_text));
	return digest;
}

static void the_way_of_writing_does_not_change_the_key(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf text = BUF(1 << 16), first = BUF(1 << 16), shown = BUF(1 << 16);
	seed = 1;
	for (int i = 0; i < ROUNDS; i++) {
		struct environment v = make_environment();
		write_environment(&text, &v);
		struct digest want = key_of(buf_str(&text), &plain, &first);
		for (int k = 0; k < 5; k++) {
			write_environment(&text, &v);
			struct digest got = key_of(buf_str(&text), &plain, &shown);
			if (!digest_eq(&want, &got))
				fail_msg("round %d:\n%s\n%s\n%s", i, first.data, shown.data,
					 text.data);
		}
	}
}

/* ---- changes ---- */

/* One change each; false when this environment has nothing to change so. */
static bool drops_a_spec(struct environment *v)
{
	v->spec_count--;
	return true;
}

static bool drops_a_channel(struct environment *v)
{
	/* The channel of `c::tk` would come back behind the others. */
	v->channel_count--;
	return v->channel_count > 1;
}

static bool swaps_channels(struct environment *v)
{
	const char *kept = v->channels[0];
	v->channels[0] = v->channels[v->channel_count - 1];
	v->channels[v->channel_count - 1] = kept;
	return v->channel_count > 1;
}

static bool changes_a_variable(struct environment *v)
{
	if (v->variable_count)
		v->values[v->variable_count - 1] = "other";
	return v->variable_count > 0;
}

static bool drops_a_variable(struct environment *v)
{
	return v->variable_count-- > 0;
}

static bool changes_a_spec(struct environment *v)
{
	if (v->spec_count == MAX_SPECS)
		return false;
	bool used[MAX_SPECS] = {false};
	for (size_t i = 0; i < v->spec_count; i++)
		used[v->spelling[i]] = true;
	unsigned other = 0;
	while (used[other])
		other++;
	v->spelling[0] = other;
	return true;
}

static void any_change_of_what_is_asked_for_changes_the_key(void **state)
{
	(void)state;
	static bool (*const changes[])(struct environment *) = {
		drops_a_spec,	    drops_a_channel,  swaps_channels,
		changes_a_variable, drops_a_variable, changes_a_spec};
	AUTO(buf_done) struct buf text = BUF(1 << 16), first = BUF(1 << 16), shown = BUF(1 << 16);
	unsigned made = 0;
	seed = 2;
	for (int i = 0; i < ROUNDS; i++) {
		struct environment v = make_environment();
		write_environment(&text, &v);
		struct digest before = key_of(buf_str(&text), &plain, &first);
		for (size_t k = 0; k < COUNT(changes); k++) {
			struct environment changed = v;
			if (!changes[k](&changed))
				continue;
			write_environment(&text, &changed);
			struct digest after = key_of(buf_str(&text), &plain, &shown);
			if (digest_eq(&before, &after))
				fail_msg("change %zu of round %d:\n%s", k, i, first.data);
			made++;
		}
	}
	assert_true(made > ROUNDS * 3);
}

static void every_setting_is_in_the_key(void **state)
{
	static const struct str local[] = {STR("./a sha256:00")};
	(void)state;
	static const struct str virtuals[] = {{"__cuda=12.0=0", 13}, {"__glibc=2.36=0", 14}};
	static const struct str turned[] = {{"__glibc=2.36=0", 14}, {"__cuda=12.0=0", 13}};
	static const struct key_input others[] = {
		{.platform = STR("linux/arm64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/arm64"),
		 .foreign = STR("linux/arm64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64,linux/arm64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:01"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env2"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("zstd"),
		 .priority = STR("flexible")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("strict")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible"),
		 .bytecode = true},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible"),
		 .newest = STR("2024-03-25T23:59:59.999Z")},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible"),
		 .local = {local, 1}},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible"),
		 .virtuals = {virtuals, 1}},
		{.platform = STR("linux/amd64"),
		 .base_digest = STR("sha256:00"),
		 .prefix = STR("/opt/env"),
		 .compression = STR("gzip"),
		 .priority = STR("flexible"),
		 .virtuals = {virtuals, 2}},
	};
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	struct str text = STR("dependencies: [a]");
	struct digest seen[COUNT(others) + 1];
	seen[COUNT(others)] = key_of(text, &plain, &shown);
	for (size_t i = 0; i < COUNT(others); i++) {
		seen[i] = key_of(text, &others[i], &shown);
		for (size_t k = 0; k < i; k++)
			assert_false(digest_eq(&seen[i], &seen[k]));
		assert_false(digest_eq(&seen[i], &seen[COUNT(others)]));
	}
	struct key_input in = others[COUNT(others) - 1];
	in.virtuals.v = turned;
	struct digest same = key_of(text, &in, &shown);
	assert_true(digest_eq(&same, &seen[COUNT(others) - 1]));
}

#define PIP "dependencies:\n- pip:\n"

static void pip_requirements_are_in_the_key_as_a_set(void **state)
{
	static const struct {
		const char *one, *two;
		bool same;
	} rows[] = {
		{"  - A_b==1\n  - c\n", "  - c # comment\n  - a-B == 1\n", true},
		{"  - a\n", "  - a==1\n", false},
		{"  - a\n", "  - a[x]\n", false},
		{"  - a\n", "  - a\n  - --pre\n", false},
		{"  - a\n", "  - a\n  - --prefer-binary\n  - --only-binary=a\n", true},
		{"  - a\n", "  - a\n  - --no-binary=a\n", false},
		{"  - a\n  - '--no-binary=:all:'\n",
		 "  - a\n  - '--no-binary=:all:'\n  - --only-binary=a\n", false},
		{"  - a\n", "  - a\n  - -i https://h/s\n", false},
		{"  - -i https://h/s\n  - a\n", "  - a\n  - -i https://user:secret@h/s\n", true},
		{"  - https://t@h/a-1-py3-none-any.whl\n", "  - https://h/a-1-py3-none-any.whl\n",
		 true},
		{"  - --extra-index-url https://a\n  - --extra-index-url https://b\n",
		 "  - --extra-index-url https://b\n  - --extra-index-url https://a\n", false},
	};
	AUTO(buf_done) struct buf text = BUF(1 << 16), shown = BUF(1 << 16);
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&text);
		buf_printf(&text, PIP "%s", rows[i].one);
		struct digest one = key_of(buf_str(&text), &plain, &shown);
		assert_null(strstr(shown.data, "secret"));
		buf_clear(&text);
		buf_printf(&text, PIP "%s", rows[i].two);
		struct digest two = key_of(buf_str(&text), &plain, &shown);
		assert_null(strstr(shown.data, "secret"));
		if (digest_eq(&one, &two) != rows[i].same)
			fail_msg("%s and %s", rows[i].one, rows[i].two);
	}
}

static void no_value_can_pass_for_another_part(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"dependencies: [a]\nvariables: {A: \"1\\nvariable B=2\"}",
		"dependencies: [a]\nvariables: {A: \"1\", B: \"2\"}",
		"dependencies: [a]\nvariables: {A: \"1\\\\nvariable B=2\"}",
		"dependencies: [a]\nvariables: {A: \"1=B\"}",
	};
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	struct digest seen[COUNT(texts)];
	for (size_t i = 0; i < COUNT(texts); i++) {
		seen[i] = key_of(str_of(texts[i]), &plain, &shown);
		for (size_t k = 0; k < i; k++)
			assert_false(digest_eq(&seen[i], &seen[k]));
	}
}

static void the_text_says_what_was_hashed(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf shown = BUF(1 << 16);
	key_of(STR("channels: ['https://u:p@h.example/t/secret/c/']\n"
		   "dependencies: [B=1, a, a]\nvariables: {B: 2, A: 1}\n"),
	       &plain, &shown);
	assert_string_equal(shown.data, "kiln 2\nplatform linux/amd64\nbase sha256:00\n"
					"prefix /opt/env\ncompression gzip\nbytecode no\n"
					"priority flexible\nchannel https://h.example/c\n"
					"spec a\nspec b[version=\"1.*\"]\n"
					"variable A=1\nvariable B=2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_of_writing_does_not_change_the_key),
		cmocka_unit_test(any_change_of_what_is_asked_for_changes_the_key),
		cmocka_unit_test(every_setting_is_in_the_key),
		cmocka_unit_test(pip_requirements_are_in_the_key_as_a_set),
		cmocka_unit_test(no_value_can_pass_for_another_part),
		cmocka_unit_test(the_text_says_what_was_hashed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/fuzz/fuzz_version.c - versions and expressions, a line each: the order is one, what is
 * written reads back. */
#include "specs/versionspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VERSIONS_MAX = 8 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Antisymmetric and transitive, and equal versions lie under each other. */
static void check_order(const struct version *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int order = sign(version_compare(v[i], v[k]));
			check(order == -sign(version_compare(v[k], v[i])));
			for (size_t m = 0; m < n; m++)
				if (order <= 0 && version_compare(v[k], v[m]) <= 0)
					check(version_compare(v[i], v[m]) <= 0);
		}
	for (size_t i = 0; i < n; i++)
		check(version_compare(v[i], v[i]) == 0 && version_starts_with(v[i], v[i]) &&
		      version_compatible(v[i], v[i]));
}

static void check_expression(struct arena *a, struct str line, const struct version *v)
{
	AUTO(buf_done) struct buf once = BUF(1 << 20), again = BUF(1 << 20);
	const struct versionspec *spec, *back;
	struct str text = STR("1.0");
	if (versionspec_read(a, &line, &spec, NULL) < 0)
		return;
	versionspec_write(spec, &once);
	struct str rest = buf_str(&once);
	check(versionspec_read(a, &rest, &back, NULL) == 0 && rest.n == 0);
	versionspec_write(back, &again);
	check(str_eq(buf_str(&once), buf_str(&again)));
	check(!v || versionspec_matches(spec, v, text) == versionspec_matches(back, v, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct version *v[VERSIONS_MAX];
	struct str text = {(const char *)data, size}, line;
	size_t n = 0;
	while (text.n) {
		str_cut(&text, '\n', &line);
		if (n < COUNT(v) && version_parse(&a, line, &v[n], NULL) == 0)
			n++;
		check_expression(&a, line, n ? v[0] : NULL);
	}
	check_order(v, n);
	return 0;
}

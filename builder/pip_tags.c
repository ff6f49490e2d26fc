/* builder/pip_tags.c - which of a distribution's wheels suits the target best. */
#include "builder/pip_private.h"
#include <stdio.h>
#include <stdlib.h>

/* Ranks are groups of a thousand: the group of interpreter and ABI, then the platform in it. */
enum { GROUP = 1000, OLDEST_ABI3 = 2, ANY = 500 };

/* Old names of the manylinux platforms; x86_64 only but for the newest. */
static const struct {
	const char *name;
	unsigned glibc;
} old_platforms[] = {{"manylinux2014_", 17}, {"manylinux2010_", 12}, {"manylinux1_", 5}};

/* Newest glibc first; -1: does not fit. */
static int platform_rank(const struct pip_target *t, struct str tag)
{
	char name[80];
	unsigned glibc, oldest = strcmp(t->platform->archspec, "x86_64") == 0 ? 5 : 17;
	if (str_is(tag, "any"))
		return ANY;
	snprintf(name, sizeof(name), "linux_%s", t->platform->archspec);
	if (str_is(tag, name))
		return ANY - 1;
	for (glibc = t->glibc; glibc >= oldest; glibc--) {
		snprintf(name, sizeof(name), "manylinux_2_%u_%s", glibc, t->platform->archspec);
		if (str_is(tag, name))
			return 2 * (int)(t->glibc - glibc);
	}
	for (size_t i = 0; i < COUNT(old_platforms); i++) {
		glibc = old_platforms[i].glibc;
		snprintf(name, sizeof(name), "%s%s", old_platforms[i].name, t->platform->archspec);
		if (str_is(tag, name) && glibc <= t->glibc && glibc >= oldest)
			return 2 * (int)(t->glibc - glibc) + 1;
	}
	return -1;
}

/* "cp311" gives 11 for the prefix "cp3"; -1: another tag. */
static int minor_of(struct str tag, const char *prefix)
{
	uint64_t minor;
	if (!str_starts(tag, prefix) || !str_u64(str_from(tag, strlen(prefix)), &minor))
		return -1;
	return minor < 100 ? (int)minor : -1;
}

/* Groups that need a platform come first, then those of any; in each the newest Python first. */
static int group_rank(int minor, struct str python, struct str abi, bool any)
{
	int cp = minor_of(python, "cp3"), py = minor_of(python, "py3");
	if (str_is(python, "py3"))
		py = 100; /* behind py311, before py310 */
	if (any) {
		if (!str_is(abi, "none"))
			return -1;
		if (cp == minor)
			return 200;
	} else if (cp == minor && minor_of(abi, "cp3") == minor) {
		return 0;
	} else if (cp >= OLDEST_ABI3 && cp <= minor && str_is(abi, "abi3")) {
		return cp == minor ? 1 : 2 + (minor - cp);
	} else if (cp == minor && str_is(abi, "none")) {
		return 2;
	}
	if (py < 0 || !str_is(abi, "none") || (py != 100 && py > minor))
		return -1;
	int rank = py == minor ? 0 : py == 100 ? 1 : 1 + minor - py;
	return (any ? 201 : 100) + rank;
}

static int one_rank(const struct pip_target *t, int minor, struct str python, struct str abi,
		    struct str platform)
{
	int place = platform_rank(t, platform);
	int group = group_rank(minor, python, abi, place == ANY);
	return place < 0 || group < 0 ? -1 : group * GROUP + place;
}

/* Sets of tags, as `py2.py3`, multiply. */
int pip_tags_rank(const struct pip_target *t, struct str pythons, struct str abis,
		  struct str platforms)
{
	struct str minor_text = t->python, head;
	uint64_t minor;
	int best = -1;
	str_cut(&minor_text, '.', &head);
	if (!str_is(head, "3") || !str_u64(str_to(minor_text, str_find(minor_text, '.')), &minor))
		return -1;
	while (pythons.n) {
		struct str python, abi, platform, rest_abis = abis;
		str_cut(&pythons, '.', &python);
		while (rest_abis.n) {
			struct str rest_platforms = platforms;
			str_cut(&rest_abis, '.', &abi);
			while (rest_platforms.n) {
				str_cut(&rest_platforms, '.', &platform);
				int rank = one_rank(t, (int)minor, python, abi, platform);
				if (rank >= 0 && (best < 0 || rank < best))
					best = rank;
			}
		}
	}
	return best;
}

unsigned pip_known_glibc(const struct pip_target *t)
{
	static const unsigned known[] = {17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};
	unsigned glibc = known[0];
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i] <= t->glibc)
			glibc = known[i];
	return glibc;
}

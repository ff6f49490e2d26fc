/* specs/virtual.c - the virtual packages of a Linux base. */
#include "specs/virtual.h"
#include "specs/base/vec.h"
#include <stdio.h>

/* glibc 2.28 and Linux 5.10 are what conda-lock assumes of a machine it cannot see. */
static const struct {
	const char *name, *version, *variable;
} known[] = {
	{"__unix", "0", NULL},
	{"__linux", "5.10", "CONDA_OVERRIDE_LINUX"},
	{"__glibc", "2.28", "CONDA_OVERRIDE_GLIBC"},
	{"__cuda", "", "CONDA_OVERRIDE_CUDA"},
	{"__archspec", "1", "CONDA_OVERRIDE_ARCHSPEC"},
};

struct givens {
	struct virtual_row *v;
	size_t n, room;
};

static struct virtual_row *givens_find(struct givens *g, struct str name)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->v[i].name, name))
			return &g->v[i];
	return NULL;
}

static int givens_add(struct givens *g, struct str text, struct err **e)
{
	struct virtual_row made = {.from = STR("--virtual")};
	struct str rest = text;
	if (!str_cut(&rest, '=', &made.name) || !str_starts(made.name, "__"))
		return err_set(e, ERR_USAGE,
			       "--virtual %.*s: NAME=VERSION is wanted, as __cuda=12.4",
			       STR_ARG(text));
	str_cut(&rest, '=', &made.version);
	made.build = rest.n ? rest : STR("0");
	struct virtual_row *old = givens_find(g, made.name);
	*(old ? old : VEC_ADD(g)) = made;
	return 0;
}

static int givens_read(struct givens *g, struct strs options, struct err **e)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		const char *value = known[i].variable ? getenv(known[i].variable) : NULL;
		if (!value)
			continue;
		bool arch = strcmp(known[i].name, "__archspec") == 0;
		*VEC_ADD(g) = (struct virtual_row){
			.name = str_of(known[i].name),
			.version = arch && *value ? STR("1") : str_of(value),
			.build = arch && *value ? str_of(value) : STR("0"),
			.from = str_of(known[i].variable),
		};
	}
	for (size_t i = 0; i < options.n; i++) {
		int r = givens_add(g, options.v[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What nobody says of a CUDA is not worth a row. */
static void givens_default(struct givens *g, const struct platform *p,
			   const struct virtual_base *base)
{
	static const struct virtual_base none = {0};
	const struct virtual_base *b = base ? base : &none;
	for (size_t i = 0; i < COUNT(known); i++) {
		struct virtual_row made = {str_of(known[i].name), str_of(known[i].version),
					   STR("0"), STR("default")};
		bool cuda = str_is(made.name, "__cuda"), glibc = str_is(made.name, "__glibc");
		const struct virtual_offer *offer = cuda ? &b->cuda : &b->glibc;
		if (givens_find(g, made.name))
			continue;
		if ((cuda || glibc) && offer->from.n) {
			made.version = offer->version;
			made.from = offer->from;
		}
		if (str_is(made.name, "__archspec"))
			made.build = str_of(p->archspec);
		if (!glibc && !cuda)
			made.from = STR("platform");
		if (made.version.n || !cuda || offer->from.n)
			*VEC_ADD(g) = made;
	}
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct strs texts_of(struct arena *a, const struct givens *g, bool with_absent)
{
	struct str *texts = arena_zero(a, g->n, sizeof(*texts));
	size_t n = 0;
	for (size_t i = 0; i < g->n; i++)
		if (with_absent || g->v[i].version.n)
			texts[n++] = arena_printf(a, "%.*s=%.*s=%.*s", STR_ARG(g->v[i].name),
						  STR_ARG(g->v[i].version), STR_ARG(g->v[i].build));
	qsort(texts, n, sizeof(*texts), by_text);
	return (struct strs){texts, n};
}

static int make_records(struct arena *a, const struct givens *g, struct virtuals *out,
			struct err **e)
{
	out->records = arena_zero(a, g->n, sizeof(*out->records));
	out->count = 0;
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].version.n == 0)
			continue;
		struct str name = arena_str(a, g->v[i].name);
		struct str version = arena_str(a, g->v[i].version);
		struct str build = arena_str(a, g->v[i].build);
		int r = record_virtual(a, name.p, version.p, build.p, &out->records[out->count], e);
		if (r < 0)
			return err_wrap(e, r, "virtual package %s", name.p);
		out->count++;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct virtual_row *)a)->name,
		       ((const struct virtual_row *)b)->name);
}

static void keep_rows(struct arena *a, const struct givens *g, struct virtuals *out)
{
	out->rows = arena_zero(a, g->n, sizeof(*out->rows));
	out->row_count = g->n;
	for (size_t i = 0; i < g->n; i++)
		out->rows[i] = (struct virtual_row){
			arena_str(a, g->v[i].name), arena_str(a, g->v[i].version),
			arena_str(a, g->v[i].build), arena_str(a, g->v[i].from)};
	qsort(out->rows, g->n, sizeof(*out->rows), by_name);
}

int virtuals_make(struct arena *a, const struct platform *p, struct strs options,
		  const struct virtual_base *base, struct virtuals *out, struct err **e)
{
	struct givens g = {0};
	int r = givens_read(&g, options, e);
	if (r == 0) {
		givens_default(&g, p, base);
		r = make_records(a, &g, out, e);
		out->texts = texts_of(a, &g, false);
		keep_rows(a, &g, out);
	}
	VEC_DONE(&g);
	return r;
}

int virtuals_given(struct arena *a, struct strs options, struct strs *out, struct err **e)
{
	struct givens g = {0};
	int r = givens_read(&g, options, e);
	if (r == 0)
		*out = texts_of(a, &g, true);
	VEC_DONE(&g);
	return r;
}

bool virtuals_decided(struct strs given, const char *name)
{
	for (size_t i = 0; i < given.n; i++) {
		struct str rest = given.v[i], head;
		str_cut(&rest, '=', &head);
		if (str_is(head, name))
			return true;
	}
	return false;
}

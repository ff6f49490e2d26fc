/* builder/check.c - doubts, each a row: its code, how bad it is, what to do. */
#include "builder/check.h"
#include "specs/known_base.h"
#include "specs/pyname.h"
#include "specs/wheel_name.h"

enum kind {
	SHADOW,
	NO_PIP,
	UNPINNED,
	CUDA_TWICE,
	NO_CUDA,
	NEWER_CUDA,
	RETIRED_BASE,
	MOVING_TAG,
	NEWER_GLIBC,
	OTHER_SYSTEM,
	BAD_PAIR,
	UNMET_IMPORT,
	KINDS
};

static const struct {
	const char *code;
	enum finding_severity severity;
	const char *advice;
} kinds[KINDS] = {
	[SHADOW] = {"shadow", FINDING_WARNING, "ask for it in one of the two lists only"},
	[NO_PIP] = {"no-pip", FINDING_WARNING,
		    "add pip to the dependencies; conda adds it silently, and kiln does not"},
	[UNPINNED] = {"unpinned", FINDING_NOTE,
		      "name versions, or keep the lock: `kiln lock -o FILE`"},
	[CUDA_TWICE] = {"cuda-twice", FINDING_WARNING,
			"keep one: a base without CUDA, or packages that bring none"},
	[NO_CUDA] = {"no-cuda", FINDING_WARNING,
		     "take a base for GPUs (--base gpu), or packages for the CPU"},
	[NEWER_CUDA] = {"newer-cuda", FINDING_WARNING,
			"take a base with that CUDA, or packages for the base's"},
	[RETIRED_BASE] = {"retired-base", FINDING_WARNING,
			  "take one that is still updated: `kiln env bases`"},
	[MOVING_TAG] = {"moving-tag", FINDING_WARNING,
			"name a tag that stays, or a digest; else the key changes when it moves"},
	[NEWER_GLIBC] = {"newer-glibc", FINDING_ERROR,
			 "take a newer base image, or an older version of the package"},
	[OTHER_SYSTEM] = {"other-system", FINDING_WARNING,
			  "leave it out, or give it a marker: `; sys_platform == 'win32'`"},
	[BAD_PAIR] = {"bad-pair", FINDING_ERROR, "change the version of one of them"},
	[UNMET_IMPORT] = {"unmet-import", FINDING_WARNING,
			  "add what provides it to the dependencies or to the pip requirements"},
};

void findings_done(struct findings *f)
{
	VEC_DONE(&f->list);
	arena_done(&f->arena);
}

static void add(struct findings *f, enum kind kind, struct str message)
{
	for (size_t i = 0; i < f->list.n; i++)
		if (f->list.v[i].code == kinds[kind].code && str_eq(f->list.v[i].message, message))
			return;
	VEC_PUSH(&f->list, ((struct finding){kinds[kind].code, kinds[kind].severity, message,
					     kinds[kind].advice}));
}

void findings_add_import(struct findings *f, struct str message)
{
	add(f, UNMET_IMPORT, message);
}

/* ---- definition ---- */

static struct str spec_name(struct findings *f, const struct definition_spec *s)
{
	return pyname_normal(&f->arena, s->spec.name);
}

static bool is_named(const struct requirement_line *l)
{
	return l->kind == REQUIREMENT_NAMED && !l->constraint;
}

static void add_shadow(struct findings *f, struct str name)
{
	add(f, SHADOW,
	    arena_printf(&f->arena, "%.*s comes from conda and from pip", STR_ARG(name)));
}

static void check_shadows(const struct definition *d, struct findings *f)
{
	for (size_t i = 0; i < d->pip.lines.n; i++)
		for (size_t k = 0; k < d->spec_count; k++)
			if (is_named(&d->pip.lines.v[i]) &&
			    str_eq(d->pip.lines.v[i].requirement.normal,
				   spec_name(f, &d->specs[k])))
				add_shadow(f, d->pip.lines.v[i].requirement.normal);
}

static void check_pip(const struct definition *d, struct findings *f)
{
	for (size_t i = 0; i < d->spec_count; i++)
		if (str_is(d->specs[i].spec.name, "pip"))
			return;
	if (d->pip.lines.n)
		add(f, NO_PIP,
		    STR("there are pip requirements, and pip is not among the dependencies"));
}

static void add_word(struct buf *list, struct str word)
{
	buf_printf(list, "%s%.*s", list->n ? ", " : "", STR_ARG(word));
}

static bool has_specifier(const struct requirement_line *l)
{
	return l->requirement.specifiers.n || l->requirement.url.n;
}

static void check_pins(const struct definition *d, struct findings *f)
{
	AUTO(buf_done) struct buf list = BUF(1 << 20);
	for (size_t i = 0; i < d->spec_count; i++) {
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		matchspec_display(&d->specs[i].spec, &text);
		if (!d->specs[i].spec.url.n && str_find(buf_str(&text), ' ') == text.n &&
		    str_find(buf_str(&text), '[') == text.n)
			add_word(&list, d->specs[i].spec.name);
	}
	for (size_t i = 0; i < d->pip.lines.n; i++)
		if (is_named(&d->pip.lines.v[i]) && !has_specifier(&d->pip.lines.v[i]))
			add_word(&list, d->pip.lines.v[i].requirement.normal);
	if (list.n)
		add(f, UNPINNED, arena_printf(&f->arena, "no version is asked of %s", list.data));
}

static const struct {
	const char *name, *system;
} elsewhere[] = {
	{"pywin32", "Windows"},	     {"pypiwin32", "Windows"},
	{"wincertstore", "Windows"}, {"vs2015-runtime", "Windows"},
	{"vc14-runtime", "Windows"}, {"vc", "Windows"},
	{"ucrt", "Windows"},	     {"win-inet-pton", "Windows"},
	{"pyreadline", "Windows"},   {"winpty", "Windows"},
	{"pywinpty", "Windows"},     {"msys2-conda-epoch", "Windows"},
	{"appnope", "macOS"},	     {"pyobjc", "macOS"},
	{"pyobjc-core", "macOS"},
};

static void check_system(struct findings *f, struct str name)
{
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (str_is(name, elsewhere[i].name))
			add(f, OTHER_SYSTEM,
			    arena_printf(&f->arena, "%.*s is for %s", STR_ARG(name),
					 elsewhere[i].system));
}

void check_definition(const struct definition *d, struct findings *out)
{
	check_shadows(d, out);
	check_pip(d, out);
	check_pins(d, out);
	for (size_t i = 0; i < d->spec_count; i++)
		check_system(out, spec_name(out, &d->specs[i]));
	for (size_t i = 0; i < d->pip.lines.n; i++)
		if (is_named(&d->pip.lines.v[i]) && !d->pip.lines.v[i].requirement.marker)
			check_system(out, d->pip.lines.v[i].requirement.normal);
}

/* ---- base ---- */

void check_base(const struct reference *base, struct findings *out)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	struct known_base known;
	reference_write(base, &name);
	if (known_base_find(base, &known) && known.retired)
		add(out, RETIRED_BASE,
		    arena_printf(&out->arena, "the base %s is retired", name.data));
	bool moves = !base->tag.n || str_is(base->tag, "latest");
	if (base->kind == REFERENCE_REGISTRY && !base->has_digest && moves)
		add(out, MOVING_TAG,
		    arena_printf(&out->arena, "the base %s is another image tomorrow", name.data));
}

/* ---- lock ---- */

static bool is_pip(const struct record *r)
{
	return r->manager == MANAGER_PIP;
}

static struct str record_name(struct findings *f, const struct record *r)
{
	return pyname_normal(&f->arena, r->name);
}

static void check_twice(const struct lock *l, struct findings *f)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; is_pip(&l->records[i]) && k < l->count; k++)
			if (!is_pip(&l->records[k]) &&
			    str_eq(l->records[i].name, record_name(f, &l->records[k])))
				add_shadow(f, l->records[i].name);
}

/* nvidia-cublas-cu12 */
static bool is_cuda_wheel(struct str name)
{
	size_t n = name.n;
	while (n && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
		n--;
	return n < name.n && str_starts(name, "nvidia-") && str_ends(str_to(name, n), "-cu");
}

static bool is_cuda_package(struct str name)
{
	static const char *const names[] = {"cudatoolkit",  "cuda-cudart", "cuda-toolkit",
					    "cuda-runtime", "cuda",	   "libcublas"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

/* The packages that bring CUDA's runtime; NULL: none. */
struct cuda {
	const struct record *wheel, *package;
};

static struct cuda find_cuda(const struct lock *l)
{
	struct cuda found = {0};
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		if (is_pip(r) && is_cuda_wheel(r->name))
			found.wheel = r;
		if (!is_pip(r) && is_cuda_package(r->name))
			found.package = r;
	}
	return found;
}

static struct str record_words(struct findings *f, const struct record *r)
{
	return arena_printf(&f->arena, "%.*s %.*s", STR_ARG(r->name), STR_ARG(r->version_text));
}

static void check_cuda_twice(const struct cuda *c, struct str base_cuda, struct findings *f)
{
	AUTO(buf_done) struct buf list = BUF(1 << 16);
	if (!!c->wheel + !!c->package + !!base_cuda.n < 2)
		return;
	if (base_cuda.n)
		add_word(&list,
			 arena_printf(&f->arena, "the base (CUDA %.*s)", STR_ARG(base_cuda)));
	if (c->package)
		add_word(&list,
			 arena_printf(&f->arena, "conda (%s)", record_words(f, c->package).p));
	if (c->wheel)
		add_word(&list, arena_printf(&f->arena, "pip (%s)", record_words(f, c->wheel).p));
	add(f, CUDA_TWICE, arena_printf(&f->arena, "CUDA comes from %s", list.data));
}

/* 1204 of "12.4.1". Libraries of CUDA have versions of their own; 0: it is no such version. */
static unsigned cuda_number(struct str version)
{
	struct str rest = version, major, minor;
	uint64_t first = 0, second = 0;
	str_cut(&rest, '.', &major);
	str_cut(&rest, '.', &minor);
	bool fine = str_u64(major, &first) && str_u64(minor, &second);
	return fine && first < 1000 && second < 100 ? (unsigned)(first * 100 + second) : 0;
}

/* Whether the version of a package that brings CUDA is CUDA's own. */
static bool is_versioned_as_cuda(struct str name)
{
	return !str_is(name, "libcublas") &&
	       (str_starts(name, "cuda") || str_starts(name, "nvidia-cuda-runtime-"));
}

/* GPU packages on a base for CPUs, and packages for a CUDA that the base does not have yet. */
static void check_cuda_pair(const struct record *r, const struct check_target *t,
			    struct findings *f)
{
	if (!r || !t->base)
		return;
	if (!t->base_cuda.n)
		add(f, NO_CUDA,
		    arena_printf(&f->arena, "%s is for GPUs, and the base has no CUDA",
				 record_words(f, r).p));
	else if (is_versioned_as_cuda(r->name) &&
		 cuda_number(r->version_text) > cuda_number(t->base_cuda))
		add(f, NEWER_CUDA,
		    arena_printf(&f->arena, "%s is newer than the base's CUDA %.*s",
				 record_words(f, r).p, STR_ARG(t->base_cuda)));
}

static void check_cuda(const struct lock *l, const struct check_target *t, struct findings *f)
{
	struct cuda found = find_cuda(l);
	check_cuda_twice(&found, t->base_cuda, f);
	check_cuda_pair(found.package, t, f);
	check_cuda_pair(found.wheel, t, f);
}

/* N of the glibc 2.N that a tag wants; -1: it is not for this system. */
static int glibc_of(struct str tag, const struct platform *p)
{
	static const struct {
		const char *start;
		int glibc;
	} old[] = {
		{"manylinux2014_", 17}, {"manylinux2010_", 12}, {"manylinux1_", 5}, {"linux_", 0}};
	uint64_t n;
	if (str_is(tag, "any"))
		return 0;
	if (!str_ends(tag, p->archspec))
		return -1;
	for (size_t i = 0; i < COUNT(old); i++)
		if (str_starts(tag, old[i].start))
			return old[i].glibc;
	if (!str_starts(tag, "manylinux_2_"))
		return -1;
	tag = str_from(tag, strlen("manylinux_2_"));
	return str_u64(str_to(tag, str_find(tag, '_')), &n) && n < 1000 ? (int)n : -1;
}

/* The least that any of its tags wants; -1: none is for this system. */
static int wheel_glibc(const struct record *r, const struct platform *p)
{
	struct wheel_name name;
	struct str tag;
	int least = -1;
	if (wheel_name_parse(r->fn, &name, NULL) < 0)
		return 0;
	while (name.platform.n) {
		str_cut(&name.platform, '.', &tag);
		int glibc = glibc_of(tag, p);
		if (glibc >= 0 && (least < 0 || glibc < least))
			least = glibc;
	}
	return least;
}

/* N of the target's glibc 2.N; 0: not known. */
static uint64_t target_glibc(struct strs virtuals)
{
	uint64_t n = 0;
	for (size_t i = 0; i < virtuals.n; i++) {
		struct str text = virtuals.v[i];
		if (!str_starts(text, "__glibc=2."))
			continue;
		text = str_from(text, strlen("__glibc=2."));
		text = str_to(text, str_find(text, '='));
		str_u64(str_to(text, str_find(text, '.')), &n);
	}
	return n;
}

static void check_fit(const struct lock *l, const struct check_target *t, struct findings *f)
{
	const struct platform *p = t->platform;
	uint64_t has = target_glibc(t->virtuals);
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		int wants = is_pip(r) ? wheel_glibc(r, p) : 0;
		bool other = !is_pip(r) && r->subdir.n && !str_is(r->subdir, "noarch") &&
			     !str_is(r->subdir, p->subdir);
		if (wants < 0 || other)
			add(f, OTHER_SYSTEM,
			    arena_printf(&f->arena, "%.*s %.*s is not for %s (%.*s)",
					 STR_ARG(r->name), STR_ARG(r->version_text), p->image,
					 STR_ARG(other ? r->subdir : r->fn)));
		else if (has && (uint64_t)wants > has)
			add(f, NEWER_GLIBC,
			    arena_printf(&f->arena,
					 "%.*s %.*s needs glibc 2.%d, and the target has 2.%u",
					 STR_ARG(r->name), STR_ARG(r->version_text), wants,
					 (unsigned)has));
	}
}

/* Versions that install together and do not work together: their metadata does not say it. */
static const struct bad_pair {
	const char *a, *a_versions, *b, *b_versions, *why;
} bad_pairs[] = {
	{"pyjwt", ">=2", "azureml-core", "<1.18", "jwt.decode wants algorithms since PyJWT 2"},
	{"numpy", ">=2", "pandas", "<2.2.2", "it is compiled for numpy 1"},
	{"markupsafe", ">=2.1", "jinja2", "<3", "soft_unicode is gone since MarkupSafe 2.1"},
	{"werkzeug", ">=3", "flask", "<2.2", "url_quote is gone since Werkzeug 3"},
	{"itsdangerous", ">=2.1", "flask", "<2", "its json is gone since itsdangerous 2.1"},
};

static const struct record *find_in(const struct lock *l, struct findings *f, const char *name,
				    const char *versions)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		struct pyspecifiers wanted;
		struct pyversion version;
		if (str_is(record_name(f, r), name) &&
		    pyspecifiers_parse(&f->arena, str_of(versions), &wanted, NULL) == 0 &&
		    pyversion_parse(&f->arena, r->version_text, &version, NULL) == 0 &&
		    pyspecifiers_match(wanted, &version))
			return r;
	}
	return NULL;
}

static void check_pairs(const struct lock *l, struct findings *f)
{
	for (size_t i = 0; i < COUNT(bad_pairs); i++) {
		const struct bad_pair *p = &bad_pairs[i];
		const struct record *a = find_in(l, f, p->a, p->a_versions);
		const struct record *b = a ? find_in(l, f, p->b, p->b_versions) : NULL;
		if (b)
			add(f, BAD_PAIR,
			    arena_printf(&f->arena, "%s %.*s does not work with %s %.*s: %s", p->b,
					 STR_ARG(b->version_text), p->a, STR_ARG(a->version_text),
					 p->why));
	}
}

void check_lock(const struct lock *l, const struct check_target *t, struct findings *out)
{
	check_twice(l, out);
	check_cuda(l, t, out);
	check_fit(l, t, out);
	check_pairs(l, out);
}

/* ---- telling ---- */

const char *finding_severity_name(enum finding_severity s)
{
	static const char *const names[] = {"note", "warning", "error"};
	return names[s];
}

void findings_put(const struct findings *f, struct json_out *j, const char *key)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *at = &f->list.v[i];
		json_open(j, NULL, '{');
		json_put_text(j, "code", at->code);
		json_put_text(j, "severity", finding_severity_name(at->severity));
		json_put_str(j, "message", at->message);
		json_put_text(j, "advice", at->advice);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void findings_write(const struct findings *f, struct buf *out)
{
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *at = &f->list.v[i];
		buf_printf(out, "%s: %.*s [%s]\n  %s\n", finding_severity_name(at->severity),
			   STR_ARG(at->message), at->code, at->advice);
	}
}

size_t findings_count(const struct findings *f, enum finding_severity s)
{
	size_t n = 0;
	for (size_t i = 0; i < f->list.n; i++)
		n += f->list.v[i].severity == s;
	return n;
}

void findings_log(const struct findings *f, struct log *log)
{
	for (size_t i = 0; i < f->list.n; i++) {
		const struct finding *at = &f->list.v[i];
		if (at->severity == FINDING_NOTE)
			log_info(log, "%.*s [%s]", STR_ARG(at->message), at->code);
		else
			log_warn(log, "%.*s [%s]: %s", STR_ARG(at->message), at->code, at->advice);
	}
}

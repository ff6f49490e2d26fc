/* builder/link_plan.c - what every archive says of itself, and the final path of every file. */
#include "builder/condameta.h"
#include "builder/interpreter.h"
#include "builder/link_private.h"
#include "builder/link_tree.h"
#include "builder/solve.h"
#include "builder/wheel.h"
#include "specs/base/json.h"
#include "specs/base/workers.h"
#include "specs/pyversion.h"

/* Part of every identity: raise it when the same package would be linked otherwise. */
#define FORMAT "kiln link 2"
enum { PREFIX_MAX = 80 };

static void package_plan_free(struct link_package_plan *p)
{
	if (!p)
		return;
	package_info_done(&p->info);
	free(p->paths);
	free(p);
}

void link_plan_done(struct link_plan *p)
{
	for (size_t i = 0; p->packages && i < p->count; i++)
		package_plan_free(p->packages[i]);
	interpreter_slot_free(p->interpreter);
	arena_done(&p->arena);
	*p = (struct link_plan){.arena = ARENA};
}

/* --- one package ------------------------------------------------------------------------- */

struct making {
	struct link_plan *plan;
	struct record *records;
};

static bool same_name(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static int check_wheel(const struct record *r, const struct package_info *info, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct pyversion want, is;
	if (str_eq(r->name, info->name) && pyversion_parse(&a, r->version_text, &want, NULL) == 0 &&
	    pyversion_parse(&a, info->version, &is, NULL) == 0 &&
	    pyversion_compare(&want, &is) == 0)
		return 0;
	return err_set(e, ERR_CORRUPT, "the wheel holds %.*s %.*s", STR_ARG(info->name),
		       STR_ARG(info->version));
}

static int check_record(const struct record *r, const struct package_info *info, struct err **e)
{
	if (r->manager == MANAGER_PIP)
		return check_wheel(r, info, e);
	if (same_name(r->name, info->name) && str_eq(r->version_text, info->version) &&
	    str_eq(r->build, info->build))
		return 0;
	return err_set(e, ERR_CORRUPT, "the archive holds %.*s-%.*s-%.*s", STR_ARG(info->name),
		       STR_ARG(info->version), STR_ARG(info->build));
}

/* A lock keeps little of a record, an explicit list nothing; the archive knows the rest. Where
 * there are dependencies they stay: a channel may have repaired them. */
static void complete_record(struct record *r, const struct package_info *info)
{
	r->noarch = info->noarch;
	r->build_number = info->build_number;
	if (info->python_site_packages_path.n)
		r->python_site_packages_path = info->python_site_packages_path;
	if (r->depends.n == 0)
		r->depends = info->depends;
	if (!r->timestamp)
		r->timestamp = info->timestamp * 1000;
}

int link_check_archive(const struct link_plan *p, size_t i, struct err **e)
{
	const struct link_options *o = &p->options;
	struct package_options options = {o->cache, o->offline, NULL, o->jobs, o->log};
	_Atomic bool *sound = &p->packages[i]->sound;
	int code = atomic_load(sound)
			   ? 0
			   : package_check(o->http, &p->records[i], &options, &p->files[i], e);
	if (code == 0)
		atomic_store(sound, true);
	return code;
}

static int read_info(struct making *m, size_t i, struct err **e)
{
	const struct record *r = &m->records[i];
	const char *archive = m->plan->files[i].path;
	struct package_info *info = &m->plan->packages[i]->info;
	package_info_done(info);
	int code = r->manager == MANAGER_PIP ? wheel_info_read(archive, info, e)
					     : package_info_read(archive, info, e);
	return code < 0 ? code : check_record(r, info, e);
}

/* All archives are read at each change of an environment: so they are not hashed here, for what
 * is read has checks of its own. */
static int read_archive(struct making *m, size_t i, struct err **e)
{
	int code = read_info(m, i, e);
	if (code == 0 || code == ERR_INTERRUPTED || m->plan->files[i].verified)
		return code;
	err_clear(e);
	code = link_check_archive(m->plan, i, e);
	return code < 0 ? code : read_info(m, i, e);
}

static int read_one(void *cookie, size_t i, struct err **e)
{
	struct making *m = cookie;
	struct record *r = &m->records[i];
	struct link_package_plan *p = mem_zero(1, sizeof(*p));
	m->plan->packages[i] = p;
	int code = read_archive(m, i, e);
	p->stem = record_stem(&p->info.arena, r);
	if (code < 0)
		return err_wrap(e, code, "%.*s", STR_ARG(p->stem));
	complete_record(r, &p->info);
	return 0;
}

/* --- final paths ------------------------------------------------------------------------- */

static bool is_noarch_python(const struct link_package_plan *p)
{
	return p->info.noarch == NOARCH_PYTHON;
}

static void map_told(struct link_package_plan *p, struct link_path *to, uint8_t kind,
		     const char *name)
{
	to->kind = kind;
	to->path = arena_printf(&p->info.arena, "%.*s/%.*s/%s", STR_ARG(p->python.site_packages),
				STR_ARG(p->info.wheel->dist_info), name);
}

/* The file that tells of the package, and for a wheel where it is from and who installed it. */
static int map_meta(struct link_plan *plan, size_t i, struct link_path *to, struct err **e)
{
	struct link_package_plan *p = plan->packages[i];
	to->kind = LINK_META;
	if (!p->info.wheel)
		return condameta_path(&p->info.arena, &plan->records[i], &to->path, e);
	if (wheel_has_direct_url(&plan->records[i]))
		map_told(p, to++, LINK_DIRECT_URL, "direct_url.json");
	map_told(p, to++, LINK_INSTALLER, "INSTALLER");
	map_told(p, to, LINK_META, "RECORD");
	return 0;
}

static struct str place(struct link_package_plan *p, const struct package_path *from)
{
	struct arena *a = &p->info.arena;
	if (p->info.wheel)
		return wheel_place(a, &p->python, from->to);
	return is_noarch_python(p) ? noarch_path(a, &p->python, from->path) : from->path;
}

static int map_paths(struct link_plan *plan, size_t i, struct err **e)
{
	struct link_package_plan *p = plan->packages[i];
	struct package_info *info = &p->info;
	struct arena *a = &info->arena;
	p->count = info->count + info->entry_point_count + (info->wheel ? 2 : 1) +
		   wheel_has_direct_url(&plan->records[i]);
	p->paths = mem_zero(p->count, sizeof(*p->paths));
	struct link_path *to = p->paths;
	for (size_t k = 0; k < info->count; k++, to++) {
		to->path = place(p, &info->paths[k]);
		p->size += info->paths[k].size;
	}
	for (size_t k = 0; k < info->entry_point_count; k++, to++) {
		struct str command = info->entry_points[k].command;
		to->path = arena_printf(a, "bin/%.*s", STR_ARG(command));
		to->kind = LINK_ENTRY_POINT;
	}
	/* Older archives do not tell sizes; three times is what packages unpack to. */
	if (p->size == 0 && info->count)
		p->size = 3 * plan->files[i].size;
	return map_meta(plan, i, to, e);
}

static bool is_script(const struct record *r, struct str path)
{
	static const char *const suffixes[] = {"-pre-link.sh", "-post-link.sh"};
	if (!str_starts(path, "bin/."))
		return false;
	struct str name = str_from(path, strlen("bin/."));
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (str_ends(name, suffixes[i]) &&
		    str_eq(str_to(name, name.n - strlen(suffixes[i])), r->name))
			return true;
	return false;
}

static bool has_any_script(const struct link_plan *plan, size_t i)
{
	const struct link_package_plan *p = plan->packages[i];
	for (size_t k = 0; k < p->count; k++)
		if (is_script(&plan->records[i], p->paths[k].path))
			return true;
	return false;
}

/* A wheel says which Pythons it is for; what nobody can read does not count. */
static int check_python(const struct link_package_plan *p, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct pyspecifiers wanted;
	struct pyversion version;
	struct str text = p->info.wheel->requires_python;
	const struct record *python = p->python.record;
	if (!python || pyspecifiers_parse(&a, text, &wanted, NULL) < 0 ||
	    pyversion_parse(&a, python->version_text, &version, NULL) < 0 ||
	    pyspecifiers_match(wanted, &version))
		return 0;
	return err_set(e, ERR_UNSOLVABLE, "%.*s needs Python %.*s, and the environment has %.*s",
		       STR_ARG(p->stem), STR_ARG(text), STR_ARG(python->version_text));
}

static int map_all(struct link_plan *plan, struct err **e)
{
	size_t at = link_tree_find(plan, "python");
	const struct record *record = at < plan->count ? &plan->records[at] : NULL;
	struct noarch_python python;
	int code = noarch_python(&plan->arena, record, &python, e);
	for (size_t i = 0; i < plan->count && code == 0; i++) {
		struct link_package_plan *p = plan->packages[i];
		p->python = python;
		p->bytecode =
			plan->options.bytecode && !plan->options.foreign && is_noarch_python(p);
		if (p->info.wheel) {
			wheel_name_commands(&p->info, &p->python);
			code = check_python(p, e);
		}
		if (is_noarch_python(p) && !record)
			return err_set(e, ERR_ABSENT,
				       "%.*s needs a python, and the environment has none",
				       STR_ARG(p->stem));
		if (code == 0)
			code = map_paths(plan, i, e);
		if (code == 0 && has_any_script(plan, i))
			*(plan->options.foreign ? &plan->left_scripts : &plan->has_scripts) = true;
		if (p->info.timestamp > plan->newest)
			plan->newest = p->info.timestamp;
	}
	return code;
}

/* --- another platform's programs --------------------------------------------------------- */

/* What they would have made. Nothing else that was asked for is missing. */
static void warn_of_foreign(const struct link_plan *plan)
{
	const struct link_options *o = &plan->options;
	size_t noarch = 0;
	for (size_t i = 0; i < plan->count; i++) {
		noarch += is_noarch_python(plan->packages[i]);
		if (plan->left_scripts && has_any_script(plan, i))
			log_warn(o->log,
				 "%.*s has link scripts, which are not run: programs for %s do not "
				 "run on this machine",
				 STR_ARG(plan->packages[i]->stem), o->foreign);
	}
	if (o->bytecode && noarch)
		log_warn(o->log,
			 "no .pyc files are made for %zu noarch package%s: python for %s does not "
			 "run on this machine, so the first import in the image has to make them",
			 noarch, noarch == 1 ? "" : "s", o->foreign);
}

/* --- the plan ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct record *const *one = a, *const *two = b;
	if ((*one)->manager != (*two)->manager)
		return (*one)->manager < (*two)->manager ? -1 : 1;
	return str_cmp((*one)->name, (*two)->name);
}

static int check_names(const struct record **sorted, size_t count, struct err **e)
{
	for (size_t i = 1; i < count; i++)
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			return err_set(e, ERR_CORRUPT, "%.*s stands twice in the environment",
				       STR_ARG(sorted[i]->name));
	return 0;
}

/* Who has a path that two want goes by rattler's order, whatever order the packages stand in:
 * so an explicit list gives the bytes of the lock it was made from. */
static int set_ranks(struct link_plan *p, struct err **e)
{
	AUTO(free) struct record *order = mem_zero(p->count + 1, sizeof(*order));
	AUTO(free) const struct record **names = mem_zero(p->count + 1, sizeof(*names));
	size_t conda = 0;
	for (size_t i = 0; i < p->count; i++)
		names[i] = &p->records[i];
	qsort(names, p->count, sizeof(*names), by_name);
	int code = check_names(names, p->count, e);
	if (code < 0)
		return code;
	/* Wheels come behind all that conda installs. */
	for (size_t i = 0; i < p->count; i++) {
		order[i] = *names[i];
		conda += order[i].manager == MANAGER_CONDA;
	}
	solve_sort(order, conda);
	for (size_t i = 0; i < p->count; i++) {
		const struct record *key = &order[i];
		const struct record **at = bsearch(&key, names, p->count, sizeof(*names), by_name);
		p->packages[*at - p->records]->rank = i;
	}
	return 0;
}

int link_check_prefix(const char *prefix, struct err **e)
{
	size_t n = strlen(prefix);
	if (prefix[0] != '/' || !paths_is_clean((struct str){prefix + 1, n - 1}))
		return err_set(e, ERR_USAGE,
			       "the prefix \"%s\" is no absolute path below / without \"..\", as "
			       "/opt/env is",
			       prefix);
	if (n > PREFIX_MAX || strpbrk(prefix, " \t\r\n"))
		return err_set(e, ERR_USAGE,
			       "the prefix \"%s\" has blanks or more than %d bytes, which packages "
			       "do not stand",
			       prefix, PREFIX_MAX);
	return 0;
}

static int make(struct link_plan *p, const struct record *records, struct err **e)
{
	struct record *own = arena_zero(&p->arena, p->count, sizeof(*own));
	if (p->count)
		memcpy(own, records, p->count * sizeof(*own));
	p->records = own;
	struct making m = {p, own};
	unsigned jobs = p->options.jobs ? p->options.jobs : workers_default();
	int code = workers_run(jobs, p->count, read_one, &m, e);
	if (code == 0)
		code = map_all(p, e);
	if (code == 0)
		code = set_ranks(p, e);
	return code < 0 ? code : link_plan_settle(p, e);
}

int link_plan_make(const struct link_options *o, const struct record *records,
		   const struct package_file *files, size_t count, struct link_plan *out,
		   struct err **e)
{
	AUTO(link_plan_done)
	struct link_plan p = {.arena = ARENA, .options = *o, .files = files, .count = count};
	int code = link_check_prefix(o->prefix, e);
	if (code < 0)
		return code;
	p.interpreter = interpreter_slot_new();
	p.packages = arena_zero(&p.arena, count + 1, sizeof(struct link_package_plan *));
	if ((code = make(&p, records, e)) < 0)
		return code;
	if (o->foreign)
		warn_of_foreign(&p);
	*out = p;
	p = (struct link_plan){.arena = ARENA};
	return 0;
}

/* --- what others ask --------------------------------------------------------------------- */

static void add_str(struct hasher *h, struct str s)
{
	hasher_add(h, s.p, s.n);
	hasher_add(h, "", 1);
}

static void add_python(struct hasher *h, const struct link_plan *plan,
		       const struct link_package_plan *p)
{
	add_str(h, p->python.minor);
	add_str(h, p->python.site_packages);
	if (!p->bytecode)
		return;
	size_t at = (size_t)(p->python.record - plan->records);
	add_str(h, STR("bytecode"));
	hasher_add(h, &plan->files[at].sha256, sizeof(struct digest));
}

/* Paths that other packages have, and files that bring their bytecode along. */
static void add_others(struct hasher *h, const struct link_package_plan *p)
{
	for (size_t k = 0; k < p->count; k++) {
		const struct link_path *path = &p->paths[k];
		if (path->lost)
			add_str(h, path->path);
	}
	add_str(h, STR("bytecode of"));
	for (size_t k = 0; k < p->count; k++)
		if (p->paths[k].pyc.n)
			add_str(h, p->paths[k].path);
}

void link_identity(const struct link_plan *plan, size_t i, struct digest *out)
{
	const struct link_package_plan *p = plan->packages[i];
	AUTO(hasher_free) struct hasher *h = hasher_new();
	AUTO(buf_done) struct buf record = BUF(BUF_UNLIMITED);
	add_str(h, STR(FORMAT));
	add_str(h, str_of(plan->options.prefix));
	hasher_add(h, &plan->files[i].sha256, sizeof(struct digest));
	if (plan->records[i].manager == MANAGER_CONDA)
		condameta_identity(&plan->records[i], &record);
	else if (wheel_has_direct_url(&plan->records[i]))
		wheel_write_direct_url(&plan->records[i], &plan->files[i].sha256, &record);
	add_str(h, buf_str(&record));
	if (is_noarch_python(p))
		add_python(h, plan, p);
	add_others(h, p);
	hasher_end(h, out);
}

struct strs link_paths(const struct link_plan *p, size_t i)
{
	return p->packages[i]->emitted;
}

struct str link_license(const struct link_plan *p, size_t i, struct arena *a)
{
	const struct package_info *info = &p->packages[i]->info;
	AUTO(json_free) cJSON *doc = NULL;
	if (info->wheel)
		return info->wheel->license;
	if (json_parse(info->index, "index.json", &doc, NULL) < 0)
		return (struct str){0};
	return arena_str(a, str_of(json_text(doc, "license")));
}

struct strs link_constrains(const struct link_plan *p, size_t i)
{
	return p->packages[i]->info.constrains;
}

uint64_t link_size(const struct link_plan *p, size_t i)
{
	return p->packages[i]->size;
}

uint64_t link_source_size(const struct link_plan *p, size_t i)
{
	const struct link_package_plan *package = p->packages[i];
	uint64_t size = 0;
	for (size_t k = 0; k < package->info.count; k++)
		if (package->paths[k].pyc.n)
			size += 1 + package->info.paths[k].size;
	return size;
}

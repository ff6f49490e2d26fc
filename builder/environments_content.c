/* builder/environments_content.c - a definition and its lock as a version: files, facts, identity.
 */
#include "builder/environments_private.h"
#include "curated/catalog.h"
#include "specs/base/url.h"
#include "specs/base/yaml_dump.h"
#include "specs/known_base.h"
#include "specs/lock.h"
#include "specs/platform.h"
#include <ctype.h>

#define ONE_FILE "environment.yml"
#define V1_DOCUMENT "azureml_environment.json"
#define V1_CONDA "conda_dependencies.yml"
#define V1_STEPS "BaseDockerfile"
const char *const environment_file_names[] = {ONE_FILE, V1_DOCUMENT, V1_CONDA, V1_STEPS, NULL};

/* ---- what cannot be registered ---- */

static int only_here(struct str what, struct err **e)
{
	return err_set(e, ERR_USAGE,
		       "it names %.*s, which is on this machine only and would not go with it",
		       STR_ARG(what));
}

static bool is_local(struct str address)
{
	return address.n && !memmem(address.p, address.n, "://", 3);
}

/* Many an index of pip's packages has a folder "t": a token stands there only where the path of a
 * channel, or of what is in one, goes on. */
static struct str without_login(struct arena *a, struct str address)
{
	static const char *const ends[] = {".whl", ".tar.gz", ".zip"};
	struct str path = str_to(address, str_find(address, '#'));
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(path, ends[i]))
			return url_without_login(a, address);
	return url_without_secrets(a, address);
}

static int check_address(struct str address, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str shown = without_login(&a, address);
	if (str_eq(shown, address))
		return 0;
	return err_set(e, ERR_USAGE,
		       "a login or token stands in %.*s, which others would read; logins belong "
		       "into .netrc",
		       STR_ARG(shown));
}

/* An address of a file (file:///...) is taken: a team may share the folder. */
static int check_place(struct str address, struct err **e)
{
	return is_local(address) ? only_here(address, e) : check_address(address, e);
}

static int check_channel(struct str channel, struct err **e)
{
	static const char *const starts[] = {"/", "./", "../", "~/"};
	for (size_t i = 0; i < COUNT(starts); i++)
		if (str_starts(channel, starts[i]))
			return only_here(channel, e);
	if (str_is(channel, ".") || str_is(channel, ".."))
		return only_here(channel, e);
	return check_address(channel, e);
}

static int check_pip(const struct requirements *r, struct err **e)
{
	int code = check_place(r->index_url, e);
	for (size_t i = 0; code == 0 && i < r->extra_index_urls.n; i++)
		code = check_place(r->extra_index_urls.v[i], e);
	for (size_t i = 0; code == 0 && i < r->find_links.n; i++)
		code = check_place(r->find_links.v[i], e);
	for (size_t i = 0; code == 0 && i < r->lines.n; i++) {
		const struct requirement_line *l = &r->lines.v[i];
		if (l->kind == REQUIREMENT_PATH)
			code = only_here(l->target, e);
		else
			code = check_place(
				l->kind == REQUIREMENT_URL ? l->target : l->requirement.url, e);
	}
	return code;
}

static int check_portable(const struct definition *d, struct err **e)
{
	int code = 0;
	if (d->unbuildable.n)
		return err_set(e, ERR_USAGE, "no image can be made of it: %.*s",
			       STR_ARG(d->unbuildable));
	if (d->steps.folder.n)
		return only_here(d->steps.context, e);
	for (size_t i = 0; code == 0 && i < d->channels.n; i++)
		code = check_channel(d->channels.v[i], e);
	for (size_t i = 0; code == 0 && i < d->spec_count; i++) {
		code = check_channel(d->specs[i].spec.channel, e);
		if (code == 0)
			code = check_address(d->specs[i].text, e);
	}
	return code < 0 ? code : check_pip(&d->pip, e);
}

/* ---- logins in what is kept as it was written ---- */

static bool is_of_scheme(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("+-.", c));
}

/* "${USER}:${TOKEN}@": names of secrets that a shell, or pip, is to put in, not the secrets. */
static bool is_named(struct str user)
{
	struct str name;
	bool password = str_cut(&user, ':', &name);
	return str_starts(name, "$") && (!password || str_starts(user, "$"));
}

/* An address in a text that is not parsed ends where none goes on. */
static int check_word(struct str text, size_t colon, struct err **e)
{
	size_t from = colon, host = colon + strlen("://"), to = host;
	while (from > 0 && is_of_scheme(text.p[from - 1]))
		from--;
	while (to < text.n && (unsigned char)text.p[to] > ' ' && !strchr("\"'`<>\\", text.p[to]))
		to++;
	struct str behind = str_from(str_to(text, to), host), user = {0};
	bool has_user = str_cut(&behind, '@', &user);
	return has_user && is_named(user) ? 0 : check_address(str_from(str_to(text, to), from), e);
}

/* Comments, variables, addresses of whatever they are for: all of it would be read by others. */
static int check_text(struct str text, struct err **e)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i + 3 <= text.n; i++)
		if (memcmp(text.p + i, "://", 3) == 0)
			code = check_word(text, i, e);
	return code;
}

static int check_texts(const struct environment *v, struct err **e)
{
	int code = check_text(v->lock, e);
	if (code < 0)
		return err_wrap(e, code, "its lock");
	for (size_t i = 0; code == 0 && i < v->file_count; i++)
		code = check_text(v->files[i].text, e);
	return code;
}

/* ---- files ---- */

static void keep(struct environment *v, const char *name, struct str text)
{
	if (text.n)
		v->files[v->file_count++] =
			(struct definition_file){name, arena_str(&v->arena, text)};
}

bool environment_keep_file(struct environment *v, struct str name, struct str text)
{
	const char *const *known = environment_file_names;
	while (*known && !str_is(name, *known))
		known++;
	if (*known && v->file_count < ENVIRONMENT_FILES)
		keep(v, *known, text);
	return *known != NULL;
}

static int make_files(const struct definition *d, struct environment *v, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(ENVIRONMENT_FILE_MAX);
	int code = 0;
	if (d->form == DEFINITION_V1)
		code = definition_v1_document(d, &text, e);
	else if (d->form == DEFINITION_V2)
		code = definition_write_v2(d, &text, e);
	else
		buf_add_str(&text, d->conda);
	if (code == 0)
		code = buf_check(&text, "the definition", e);
	if (code < 0)
		return code;
	bool v1 = d->form == DEFINITION_V1;
	keep(v, v1 ? V1_DOCUMENT : ONE_FILE, buf_str(&text));
	keep(v, V1_CONDA, v1 ? d->conda : (struct str){0});
	keep(v, V1_STEPS, v1 && !d->steps.context.n ? d->steps.dockerfile : (struct str){0});
	return 0;
}

int environment_definition(const struct environment *v, struct log *log, struct definition *out,
			   struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	AUTO(definition_done) struct definition made = DEFINITION;
	struct str what = v->version ? arena_printf(&a, "%.*s:%llu", STR_ARG(v->name),
						    (unsigned long long)v->version)
				     : arena_str(&a, v->name);
	struct str version = str_from(what, v->version ? v->name.n + 1 : what.n);
	const struct definition_files files = {what.p, v->files, v->file_count};
	bool one = v->file_count == 1 && strcmp(v->files[0].name, ONE_FILE) == 0;
	int code = one ? definition_read_text(v->files[0].text, what.p, NULL, log, &made, e)
		       : definition_read_files(&files, log, &made, e);
	if (code < 0)
		return code;
	definition_rename(&made, v->name, version);
	*out = made;
	made = (struct definition)DEFINITION;
	return 0;
}

/* What is kept must be all of it: files that it names beside it would be missed when it is read. */
static int check_whole(const struct environment *v, struct err **e)
{
	AUTO(definition_done) struct definition again = DEFINITION;
	struct digest key;
	int code = environment_definition(v, NULL, &again, e);
	if (code < 0)
		return err_wrap(e, ERR_USAGE, "it cannot stand alone");
	catalog_key(&again, &key);
	if (digest_eq(&key, &v->key))
		return 0;
	return err_set(e, ERR_USAGE,
		       "it cannot stand alone: it means something else without the "
		       "files beside it");
}

/* ---- identity ---- */

/* Members of a v2 document that the key knows nothing of and that do not name it. */
static int add_rest(const struct definition *d, struct buf *out, struct err **e)
{
	static const char *const left_out[] = {
		"name",		 "version",    "description", "tags", "image",
		"build",	 "conda_file", "$schema",     "id",   "creation_context",
		"latest_version"};
	const struct yaml_node *root = d->document.root;
	struct yaml whole = {.what = "definition"};
	int code = 0;
	for (size_t i = 0; code == 0 && i < root->n; i++) {
		struct str key = root->pairs[i].key->text;
		size_t k = 0;
		while (k < COUNT(left_out) && !str_is(key, left_out[k]))
			k++;
		if (k < COUNT(left_out))
			continue;
		buf_printf(out, "%.*s: ", STR_ARG(key));
		code = yaml_dump(&whole, root->pairs[i].value, false, out, e);
	}
	return code;
}

/* Packages that the lock names from where it lies. */
static int check_records(const struct lock *l, struct err **e)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < l->count; i++)
		if (str_starts(l->records[i].url, "file:.") ||
		    str_starts(l->records[i].url, "git+file:."))
			code = only_here(l->records[i].url, e);
	return code;
}

/* Equal locks of all platforms that it is for, however it is written. */
static int add_lock(struct str text, struct environment *v, struct buf *out, struct err **e)
{
	bool any = false;
	for (const char *const *subdir = platform_subdirs; *subdir; subdir++) {
		AUTO(lock_done) struct lock l = {0};
		AUTO(err_free) struct err *why = NULL;
		struct digest digest;
		int code = lock_read(text, LOCK_FILE_NAME, *subdir, &l, &why);
		if (code == ERR_ABSENT)
			continue;
		if (code == 0)
			code = check_records(&l, &why);
		if (code == 0)
			code = lock_digest(&l, &digest, &why);
		if (code < 0 && e)
			*e = STEAL(&why);
		if (code < 0)
			return code;
		buf_printf(out, "lock %s %s\n", *subdir, digest_text(&digest).hex);
		for (size_t i = 0; i < l.count && !any; i++)
			if (str_is(l.records[i].name, "python"))
				v->python = arena_str(&v->arena, l.records[i].version_text);
		any = true;
	}
	return any ? 0 : err_set(e, ERR_USAGE, "the lock is for no platform");
}

static int find_content(const struct definition *d, struct environment *v, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(BUF_UNLIMITED);
	int code = 0;
	buf_printf(&text, "environment %s\nkey %s\n", definition_form_name(d->form),
		   digest_text(&v->key).hex);
	if (d->form == DEFINITION_V1)
		buf_add_str(&text, v->files[0].text);
	else if (d->form == DEFINITION_V2)
		code = add_rest(d, &text, e);
	if (code == 0 && v->locked)
		code = add_lock(v->lock, v, &text, e);
	if (code == 0)
		digest_of(text.data, text.n, &v->content);
	return code;
}

/* ---- facts ---- */

/* "3.11" of "python=3.11.*", "python 3.11" and the like. */
static struct str find_python(const struct definition *d, struct arena *a)
{
	AUTO(buf_done) struct buf text = BUF(4096);
	for (size_t i = 0; i < d->spec_count; i++) {
		struct str version, name;
		if (!str_is(d->specs[i].spec.name, "python"))
			continue;
		matchspec_display(&d->specs[i].spec, &text);
		version = buf_str(&text);
		str_cut(&version, ' ', &name);
		version = str_to(version, str_find(version, ' '));
		if (str_ends(version, ".*"))
			version.n -= 2;
		return arena_str(a, version);
	}
	return (struct str){0};
}

/* By names: what is in an image or a solve is not known yet. */
static bool is_for_gpu(const struct definition *d)
{
	static const char *const names[] = {"cudatoolkit",  "cuda",	    "cuda-version",
					    "cuda-toolkit", "cuda-runtime", "cudnn",
					    "pytorch-cuda", "pytorch-gpu",  "tensorflow-gpu"};
	AUTO(arena_done) struct arena a = ARENA;
	struct known_base known;
	struct reference r;
	if (d->base.n && reference_parse(&a, d->base, &r, NULL) == 0 &&
	    known_base_find(&r, &known) && known.cuda)
		return true;
	bool found = str_holds(d->base, STR("cuda")) || str_holds(d->steps.dockerfile, STR("cuda"));
	for (size_t i = 0; i < d->spec_count && !found; i++)
		for (size_t k = 0; k < COUNT(names) && !found; k++)
			found = str_is(d->specs[i].spec.name, names[k]);
	return found;
}

/* ---- the whole ---- */

/* Of a v2 definition, which has them too. */
static int take_about(const struct definition *d, struct environment *v, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct yaml_node *tags =
		d->form == DEFINITION_V2 ? yaml_get(d->document.root, "tags") : NULL;
	size_t n = tags && tags->kind == YAML_MAP ? tags->n : 0;
	const struct environment_about own = {
		.description = d->description,
		.tags = arena_zero(&a, n, sizeof(*own.tags)),
		.tag_count = n,
	};
	const struct environment_change none = {0};
	bool changed;
	for (size_t i = 0; i < n; i++)
		own.tags[i] = (struct environment_tag){tags->pairs[i].key->text,
						       tags->pairs[i].value->text};
	return environment_change_about(v, &own, &none, &changed, e);
}

static int make(struct definition *d, struct str lock, struct environment *v, struct err **e)
{
	int code = check_portable(d, e);
	if (code < 0)
		return code;
	catalog_key(d, &v->key);
	v->python = find_python(d, &v->arena);
	v->base = arena_str(&v->arena, d->base);
	v->gpu = is_for_gpu(d);
	v->lock = arena_str(&v->arena, lock);
	v->locked = lock.n > 0;
	if ((code = make_files(d, v, e)) < 0)
		return code;
	if ((code = check_texts(v, e)) < 0)
		return code;
	if ((code = check_whole(v, e)) < 0)
		return code;
	if ((code = find_content(d, v, e)) < 0)
		return code;
	return take_about(d, v, e);
}

int environment_make(struct definition *d, struct str name, struct str lock,
		     struct environment *out, struct err **e)
{
	AUTO(environment_done) struct environment made = {.arena = ARENA};
	definition_rename(d, name, STR(""));
	made.name = arena_str(&made.arena, name);
	int code = make(d, lock, &made, e);
	if (code < 0)
		return err_wrap(e, code, "%.*s cannot be registered", STR_ARG(name));
	*out = made;
	made = (struct environment){.arena = ARENA};
	return 0;
}

void environment_done(struct environment *v)
{
	arena_done(&v->arena);
	*v = (struct environment){.arena = ARENA};
}

struct str environment_title(struct environment *v)
{
	return arena_printf(&v->arena, "%.*s:%llu", STR_ARG(v->name),
			    (unsigned long long)v->version);
}

/* builder/cli/named.c - finds what a word of the command line names. */
#include "builder/cli/named.h"
#include "specs/base/fs.h"
#include <unistd.h>

void named_done(struct named *n)
{
	definition_done(&n->definition);
	environment_done(&n->environment);
	free(STEAL(&n->lock));
	free(STEAL(&n->lock_name));
}

/* A registry that is not asked would look like an empty one. */
int named_open_place(const struct config *c, const struct common_args *args,
		     struct environments **out, struct err **e)
{
	const struct environments_options o = {.connect_ms = config_timeout_ms(c, "connect"),
					       .idle_ms = config_timeout_ms(c, "idle"),
					       .offline = args->offline,
					       .log = args->log};
	struct str place = c->environments;
	if (args->offline && place.n && place.p[0] != '/')
		return err_set(e, ERR_ABSENT,
			       "registered environments, %.*s: not asked for, this is offline",
			       STR_ARG(place));
	return environments_open(place, &o, out, e);
}

/* Only a v1 folder is one definition's own: what lies beside a file may be another's. */
static int read_path(const char *word, struct log *log, struct named *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(LOCK_SIZE_MAX);
	AUTO(free) char *lock = fs_join(word, LOCK_FILE_NAME);
	int r = definition_read(word, log, &out->definition, e);
	bool folder = strcmp(word, "-") != 0 && fs_is_folder(word);
	if (r < 0 || !folder || access(lock, F_OK) != 0)
		return r;
	r = fs_read(lock, &text, e);
	if (r < 0)
		return r;
	out->lock = buf_take(&text);
	out->lock_name = STEAL(&lock);
	return 0;
}

static int read_curated(const char *word, struct log *log, struct named *out, struct err **e)
{
	int r = catalog_find(str_of(word), &out->entry, e);
	out->curated = r == 0;
	return r < 0 ? r : catalog_read(&out->entry, log, &out->definition, e);
}

static int read_registered(const struct config *c, const struct common_args *args, const char *word,
			   struct named *out, struct err **e)
{
	AUTO(environments_close) struct environments *place = NULL;
	int r = named_open_place(c, args, &place, e);
	if (r == 0)
		r = environments_find(place, str_of(word), &out->environment, e);
	if (r == 0)
		r = environment_definition(&out->environment, args->log, &out->definition, e);
	if (r < 0)
		return r;
	struct environment *found = &out->environment;
	struct str title = environment_title(found);
	out->registered = true;
	if (found->lock.n) {
		out->lock = mem_text(found->lock.p);
		out->lock_name = mem_text(title.p);
	}
	if (found->about.archived)
		log_warn(args->log, "%s is archived", title.p);
	return 0;
}

/* Nobody need be asked for what is clearly a file's name. */
static bool may_be_registered(struct str word)
{
	static const char *const ends[] = {".yml", ".yaml", ".json", ".txt", ".toml", ".lock"};
	struct str version;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(word, ends[i]))
			return false;
	catalog_split_version(&word, &version);
	return catalog_check_name(word, false, NULL) == 0;
}

static int read_name(const struct config *c, const struct common_args *args, const char *word,
		     struct named *out, struct err **e)
{
	struct str name = str_of(word), version;
	catalog_split_version(&name, &version);
	if (catalog_has(name) || catalog_is_reserved(name))
		return read_curated(word, args->log, out, e);
	AUTO(err_free) struct err *why = NULL;
	bool asked = may_be_registered(str_of(word));
	int r = asked ? read_registered(c, args, word, out, &why) : ERR_ABSENT;
	if (r == ERR_ABSENT && catalog_is_meant(str_of(word)))
		return read_curated(word, args->log, out, e);
	if (r == ERR_ABSENT && !asked)
		return definition_read(word, args->log, &out->definition, e);
	if (r < 0 && e)
		*e = STEAL(&why);
	return r == ERR_ABSENT ? err_wrap(e, r,
					  "%s: there is no such file, and none of that name in the "
					  "catalogue",
					  word)
			       : r;
}

int named_read(const struct config *c, const struct common_args *args, const char *word,
	       struct named *out, struct err **e)
{
	AUTO(named_done) struct named made = NAMED;
	bool path = strcmp(word, "-") == 0 || access(word, F_OK) == 0;
	int r = path ? read_path(word, args->log, &made, e) : read_name(c, args, word, &made, e);
	if (r < 0)
		return r;
	*out = made;
	made = (struct named)NAMED;
	return 0;
}

/* builder/cli/cmd_build.c - kiln build: from a definition to an image in a registry. */
#include "builder/cli/common.h"
#include "builder/cli/page.h"
#include "builder/cli/page_report.h"

struct build_args {
	struct common_args common;
	const char *locked, *engine, *report;
	struct option_list to;
	bool update, sbom;
};

static int has_a_base(const struct session *s, const struct build_args *args, struct err **e)
{
	bool locked = s->locked && s->locked->base_digest.n;
	if (locked || definition_has_steps(&s->definition.steps) || session_base(s, &args->common))
		return 0;
	return err_set(e, ERR_USAGE, "no base image: name one with --base%s",
		       s->definition.user_managed ? "; the environment is nothing but its base"
						  : "");
}

/* What is missing is said before a definition or a lock is read. */
static int check(const struct build_args *args, const struct session *s, struct err **e)
{
	AUTO(buf_done) struct buf forms = BUF(4096);
	registry_forms(", ", &forms);
	if (args->to.n + s->config.to.n == 0)
		return err_set(e, ERR_USAGE, "no destination: -t DEST, which is one of %s",
			       forms.data);
	if (args->report && args->common.json && strcmp(args->report, "-") == 0)
		return err_set(e, ERR_USAGE, "--report - and --json: standard output is for one");
	int r = args->report ? page_check(args->report, e) : 0;
	return r < 0 ? err_wrap(e, r, "--report") : 0;
}

static int set_engine(const struct build_args *args, struct build *b, struct err **e)
{
	if (!args->engine || strcmp(args->engine, "native") == 0)
		return 0;
	if (strcmp(args->engine, "docker") != 0)
		return err_set(e, ERR_USAGE, "--engine %s: native or docker is wanted",
			       args->engine);
	build_use_engine(b);
	return 0;
}

static int print(const struct build_args *args, const struct build_result *result, struct err **e)
{
	AUTO(buf_done) struct buf out = BUF(64 << 20);
	buf_add_str(&out, args->common.json ? result->json : result->image);
	buf_add_char(&out, '\n');
	return command_print(&out, e);
}

static int write_report(const char *path, const struct build_result *result, struct err **e)
{
	AUTO(json_free) cJSON *document = NULL;
	AUTO(buf_done) struct buf page = BUF(PAGE_MAX);
	int r = json_parse(result->json, "the build's document", &document, e);
	if (r < 0)
		return r;
	page_report(document, &page);
	r = page_write(path, &page, e);
	return r < 0 ? err_wrap(e, r, "--report") : 0;
}

static int build_run(void *at, const struct option_list *rest, struct err **e)
{
	struct build_args *args = at;
	AUTO(session_done) struct session s = SESSION;
	AUTO(build_result_done) struct build_result result = {0};
	int r = session_open(&s, &args->common, args->update, e);
	if (r == 0)
		r = check(args, &s, e);
	if (r == 0)
		r = set_engine(args, s.build, e);
	if (r == 0 && args->sbom)
		build_attach_documents(s.build);
	if (r == 0 && args->locked)
		r = session_lock(&s, &args->common, args->locked, e);
	s.solves = s.takes_default = true;
	s.keeps = !args->locked && !args->update;
	if (r == 0)
		r = session_definition(&s, &args->common, rest, e);
	session_rebase(&s, &args->common);
	if (r == 0)
		r = has_a_base(&s, args, e);
	if (r < 0)
		return r;
	struct str *names;
	struct strs to = session_to(&s, &args->to, &names);
	r = build_image(s.build, &s.definition, s.locked, to, &result, e);
	free(names);
	bool page_only = args->report && strcmp(args->report, "-") == 0;
	if (r == 0 && !page_only)
		r = print(args, &result, e);
	return r == 0 && args->report ? write_report(args->report, &result, e) : r;
}

#define AT(field) offsetof(struct build_args, field)
static const struct option_row own_options[] = {
	{'t', "to", OPTION_LIST, AT(to), "DEST",
	 "a registry's HOST/REPOSITORY[:TAG], oci:DIR, oci-archive:FILE, docker-archive:FILE or "
	 "docker-daemon:NAME:TAG; repeatable"},
	{0, "locked", OPTION_TEXT, AT(locked), "LOCK", "use this lock, never solve"},
	{0, "engine", OPTION_TEXT, AT(engine), "native|docker",
	 "who makes the image: kiln (default), or a container engine, which pushes it too"},
	{0, "sbom", OPTION_FLAG, AT(sbom), NULL,
	 "push an SBOM (SPDX) and provenance beside the image, as its referrers"},
	{0, "report", OPTION_TEXT, AT(report), "FILE",
	 "write what the image is made of as one HTML page; - is standard output"},
	{0, "update", OPTION_FLAG, AT(update), NULL, "solve again even when the image exists"},
	{0},
};

const struct command cmd_build = {
	.name = "build",
	.usage = "build [OPTIONS] [--base IMAGE] -t DEST DEFINITION",
	.summary = "build the image of a definition and push it",
	.options = (const struct option_row *const[]){own_options, definition_options,
						      image_options, bytecode_options,
						      verify_options, channel_options, lock_options,
						      virtual_options, SESSION_TABLES},
	.args_size = sizeof(struct build_args),
	.run = build_run,
};

/* builder/cli/verb.c - verbs of a command, told apart by their rows. */
#include "builder/cli/verb.h"
#include "specs/base/vec.h"

const struct command *command_find(const struct command *const *list, const char *name)
{
	while (*list && strcmp((*list)->name, name) != 0)
		list++;
	return *list;
}

/* ---- tables ---- */

struct tables {
	const struct option_row **v;
	size_t n, room;
};

static void add_tables(struct tables *to, const struct option_row *const *tables)
{
	for (; *tables; tables++) {
		size_t i = 0;
		while (i < to->n && to->v[i] != *tables)
			i++;
		if (i == to->n)
			VEC_PUSH(to, *tables);
	}
}

const struct option_row **command_tables(const struct command *c)
{
	struct tables all = {0};
	if (c->options)
		add_tables(&all, c->options);
	for (const struct command *const *verb = c->verbs; verb && *verb; verb++)
		add_tables(&all, (*verb)->options);
	VEC_PUSH(&all, NULL);
	return all.v;
}

static bool takes(const struct command *c, const struct option_row *table)
{
	const struct option_row *const *own = c->options;
	while (*own && *own != table)
		own++;
	return *own != NULL;
}

/* ---- messages ---- */

/* "list, show or bases": the verbs that take the table; NULL: all. */
static void add_names(const struct command *c, const struct option_row *table, const char *last,
		      struct buf *out)
{
	const char *between = "";
	size_t left = 0;
	for (const struct command *const *verb = c->verbs; *verb; verb++)
		left += !table || takes(*verb, table);
	for (const struct command *const *verb = c->verbs; *verb; verb++) {
		if (table && !takes(*verb, table))
			continue;
		buf_printf(out, "%s%s", between, (*verb)->name);
		between = --left == 1 ? last : ", ";
	}
}

static int check_options(const struct command *c, const struct command *verb, const void *args,
			 struct err **e)
{
	AUTO(free) const struct option_row **tables = command_tables(c);
	AUTO(buf_done) struct buf others = BUF(4096);
	for (size_t i = 0; tables[i]; i++) {
		for (const struct option_row *row = tables[i]; row->name; row++) {
			if (takes(verb, tables[i]) || !option_is_given(row, args))
				continue;
			add_names(c, tables[i], " and ", &others);
			return err_set(e, ERR_USAGE, "kiln %s %s takes no --%s, which is for %s",
				       c->name, verb->name, row->name, others.data);
		}
	}
	return 0;
}

int verb_check(const struct command *c, const struct command *verb, const void *args,
	       const struct option_list *words, struct err **e)
{
	AUTO(buf_done) struct buf names = BUF(4096);
	if (!verb) {
		add_names(c, NULL, " or ", &names);
		return err_set(e, ERR_USAGE, "wanted is: kiln %s %s", c->name, names.data);
	}
	int r = check_options(c, verb, args, e);
	if (r == 0 && (words->n < verb->least || words->n > verb->most))
		return err_set(e, ERR_USAGE, "wanted is: kiln %s", verb->usage);
	return r;
}

/* builder/cli/option.c - reading the command line by its rows. */
#include "builder/cli/option.h"
#include <stdio.h>
#include <stdlib.h>

enum { COLUMN = 30 }; /* where the help of an option begins */

static const struct option_row *find(const struct option_row *const *tables, struct str name,
				     char letter)
{
	for (; *tables; tables++)
		for (const struct option_row *row = *tables; row->name; row++)
			if (letter ? row->letter == letter : str_is(name, row->name))
				return row;
	return NULL;
}

static void list_add(struct option_list *l, const char *text)
{
	l->v = mem_grow(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = text;
}

static bool takes_value(const struct option_row *row)
{
	return row->kind != OPTION_FLAG;
}

static int store(const struct option_row *row, void *args, const char *value, struct err **e)
{
	void *at = (char *)args + row->at;
	uint64_t count;
	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)at = value;
		return 0;
	case OPTION_LIST:
		list_add(at, value);
		return 0;
	case OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case OPTION_COUNT:
		if (!str_u64(str_of(value), &count) || count == 0 || count > 1024)
			return err_set(e, ERR_USAGE, "--%s %s: a number from 1 to 1024 is wanted",
				       row->name, value);
		*(unsigned *)at = (unsigned)count;
		return 0;
	}
	return 0;
}

/* One option at argv[*i]; its value may be behind "=", or the next word. */
static int read_one(int argc, const char *const *argv, int *i,
		    const struct option_row *const *tables, void *args, struct err **e)
{
	const char *word = argv[*i];
	bool is_long = word[1] == '-';
	struct str rest = str_of(word + (is_long ? 2 : 1)), name = rest;
	bool joined = is_long && str_cut(&rest, '=', &name);
	const struct option_row *row = find(tables, name, is_long ? 0 : word[1]);
	if (!row)
		return err_set(e, ERR_USAGE, "there is no option %s", word);
	if (!takes_value(row)) {
		if (joined || (!is_long && word[2]))
			return err_set(e, ERR_USAGE, "--%s takes no value", row->name);
		return store(row, args, NULL, e);
	}
	if (joined)
		return store(row, args, rest.p, e);
	if (!is_long && word[2])
		return store(row, args, word + 2, e);
	if (*i + 1 >= argc)
		return err_set(e, ERR_USAGE, "--%s wants a value: %s", row->name, row->value);
	return store(row, args, argv[++*i], e);
}

int option_read(int argc, const char *const *argv, const struct option_row *const *tables,
		void *args, struct option_list *rest, struct err **e)
{
	bool options = true;
	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			int r = read_one(argc, argv, &i, tables, args, e);
			if (r < 0)
				return r;
		} else {
			list_add(rest, argv[i]);
		}
	}
	return 0;
}

void option_done(const struct option_row *const *tables, void *args, struct option_list *rest)
{
	for (; *tables; tables++)
		for (const struct option_row *row = *tables; row->name; row++)
			if (row->kind == OPTION_LIST)
				free(((struct option_list *)((char *)args + row->at))->v);
	free(rest->v);
}

bool option_is_given(const struct option_row *row, const void *args)
{
	const void *at = (const char *)args + row->at;
	switch (row->kind) {
	case OPTION_TEXT:
		return *(const char *const *)at != NULL;
	case OPTION_LIST:
		return ((const struct option_list *)at)->n > 0;
	case OPTION_FLAG:
		return *(const bool *)at;
	case OPTION_COUNT:
		return *(const unsigned *)at > 0;
	}
	return false;
}

void option_help(const struct option_row *const *tables, struct buf *out)
{
	for (; *tables; tables++) {
		for (const struct option_row *row = *tables; row->name; row++) {
			char left[64];
			snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
				 row->letter ? row->letter : ' ', row->letter ? "," : " ",
				 row->name, row->value ? " " : "", row->value ? row->value : "");
			const char *gap = strlen(left) > COLUMN ? "\n  " : "";
			buf_printf(out, "  %-*s%s%*s %s\n", COLUMN, left, gap, *gap ? COLUMN : 0,
				   "", row->help);
		}
	}
}

struct strs option_strs(const struct option_list *l, struct str **array)
{
	*array = mem_zero(l->n, sizeof(**array));
	for (size_t i = 0; i < l->n; i++)
		(*array)[i] = str_of(l->v[i]);
	return (struct strs){*array, l->n};
}

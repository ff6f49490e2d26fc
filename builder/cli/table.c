/* builder/cli/table.c - cells are kept until all widths are known. */
#include "builder/cli/table.h"
#include <stdlib.h>

void table_done(struct table *t)
{
	arena_done(&t->arena);
	free(t->cells);
	*t = (struct table){.arena = ARENA};
}

void table_add(struct table *t, struct str cell)
{
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cells = mem_grow(t->cells, t->room, sizeof(*t->cells));
	}
	t->cells[t->n++] = cell.n ? arena_str(&t->arena, cell) : STR("-");
}

static size_t width(const struct table *t, size_t column)
{
	size_t widest = strlen(t->titles[column]);
	for (size_t i = column; i < t->n; i += t->columns)
		widest = t->cells[i].n > widest ? t->cells[i].n : widest;
	return widest;
}

/* The last column is not padded. */
static void put_cell(struct buf *out, struct str cell, size_t wide, bool last)
{
	buf_add_str(out, cell);
	if (last)
		buf_add_char(out, '\n');
	else
		buf_printf(out, "%*s", (int)(wide - cell.n) + 2, "");
}

void table_print(const struct table *t, struct buf *out)
{
	size_t *wide = mem_zero(t->columns, sizeof(*wide));
	for (size_t c = 0; c < t->columns; c++)
		wide[c] = width(t, c);
	for (size_t c = 0; c < t->columns; c++)
		put_cell(out, str_of(t->titles[c]), wide[c], c + 1 == t->columns);
	for (size_t i = 0; i < t->n; i++)
		put_cell(out, t->cells[i], wide[i % t->columns], i % t->columns + 1 == t->columns);
	free(wide);
}

/* builder/cli/page_list.c - environments as cards, and what they can be told apart by. */
#include "builder/cli/page_list.h"
#include "builder/cli/page.h"

static const char *device_of(const struct env_row *row)
{
	return row->gpu ? "gpu" : "cpu";
}

static void put_choices(const struct env_rows *rows, struct buf *out)
{
	struct page_choice kind = {"kind", "kind", "Kind"};
	struct page_choice device = {"device", "device", "Device"};
	struct page_choice state = {"state", "state", "State"};
	for (size_t i = 0; i < rows->n; i++) {
		page_choice_add(&kind, rows->v[i].kind);
		page_choice_add(&device, device_of(&rows->v[i]));
		page_choice_add(&state, rows->v[i].state);
	}
	page_choice_put(&kind, out);
	page_choice_put(&device, out);
	page_choice_put(&state, out);
}

/* The row of that name, its latest version; NULL when it is none of this page. */
static const struct env_row *find(const struct env_rows *rows, struct str name)
{
	for (size_t i = rows->n; i-- > 0;)
		if (str_eq(rows->v[i].name, name))
			return &rows->v[i];
	return NULL;
}

static void put_successor(const struct env_rows *rows, struct str name, struct buf *out)
{
	AUTO(buf_done) struct buf link = BUF(PAGE_MAX);
	const struct env_row *row = find(rows, name);
	if (!row) {
		page_fact(out, "Successor", name, "span");
		return;
	}
	const struct page_value to[] = {{"name", row->name}, {"version", row->version}, {0}};
	page_fill(&link, "successor.html", to);
	const struct page_value fact[] = {
		{"key", STR("Successor")}, {"value", buf_str(&link)}, {0}};
	page_fill(out, "fact.html", fact);
}

static void put_card(const struct env_rows *rows, const struct env_row *row, struct buf *out)
{
	AUTO(buf_done) struct buf facts = BUF(PAGE_MAX);
	page_fact(&facts, "Python", row->python, "span");
	page_fact(&facts, "Framework", row->framework, "span");
	page_fact(&facts, "Base", row->base.n ? row->base : STR("not known"), "span");
	put_successor(rows, row->successor, &facts);
	page_fact(&facts, "Tags", row->tags, "span");
	page_fact(&facts, "Key", row->key, "code");
	const struct page_value values[] = {
		{"name", row->name},	       {"version", row->version},
		{"kind", str_of(row->kind)},   {"device", str_of(device_of(row))},
		{"state", str_of(row->state)}, {"description", row->description},
		{"facts", buf_str(&facts)},    {0},
	};
	page_fill(out, "environment.html", values);
}

/* Who looks for an environment wants one that is current: those stand first. */
static void put_cards(const struct env_rows *rows, bool current, struct buf *out)
{
	for (size_t i = 0; i < rows->n; i++)
		if ((strcmp(rows->v[i].state, "current") == 0) == current)
			put_card(rows, &rows->v[i], out);
}

void page_list(const struct env_rows *rows, struct buf *out)
{
	AUTO(buf_done) struct buf selects = BUF(PAGE_MAX), cards = BUF(PAGE_MAX);
	AUTO(buf_done) struct buf main = BUF(PAGE_MAX), count = BUF(64);
	put_choices(rows, &selects);
	put_cards(rows, true, &cards);
	put_cards(rows, false, &cards);
	buf_printf(&count, "%zu environment%s", rows->n, rows->n == 1 ? "" : "s");
	const struct page_value values[] = {{"selects", buf_str(&selects)},
					    {"count", buf_str(&count)},
					    {"environments", buf_str(&cards)},
					    {0}};
	page_fill(&main, "list.html", values);
	page_put(out, "Environments", buf_str(&main));
}

/* builder/cli/page_treemap.c - packages as fields, in the place of their layers. */
#include "builder/cli/page.h"
#include "builder/cli/page_report.h"
#include "builder/cli/progress.h"
#include "builder/cli/treemap.h"

/* Text of 12 units, as the style has it: no letter of the usual fonts is broader on average. */
static const double letter = 7.2, line = 15, margin = 4;

/* The whole picture: text has the same size in both, so a narrow one is not a broad one made
 * small. */
static const struct picture {
	const char *class;
	double width, height;
} pictures[] = {{"broad", 1080, 520}, {"narrow", 340, 560}};

static struct treemap_rect shrink(struct treemap_rect r, double by)
{
	double x = r.width < 4 * by ? r.width / 4 : by, y = r.height < 4 * by ? r.height / 4 : by;
	return (struct treemap_rect){r.x + x, r.y + y, r.width - 2 * x, r.height - 2 * y};
}

/* As much of the text as fits, with a mark where it is cut; false when that would say nothing. */
static bool cut_label(struct str text, double width, struct buf *out)
{
	size_t room = width > 2 * margin ? (size_t)((width - 2 * margin) / letter) : 0;
	struct str rest = text;
	size_t n = 0;
	for (; rest.n && n < room; n++)
		rest = str_from(rest, str_character(rest).n);
	if (!rest.n) {
		buf_add_str(out, text);
		return true;
	}
	if (n < 5)
		return false;
	for (rest = text; n > 1; n--) {
		struct str character = str_character(rest);
		buf_add_str(out, character);
		rest = str_from(rest, character.n);
	}
	buf_add_text(out, "…");
	return true;
}

static void put_text(struct buf *out, struct str text, double x, double y)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\">", x, y);
	page_escape(out, text);
	buf_add_text(out, "</text>");
}

/* The name, and below it the size, as far as there is room. */
static void put_label(struct buf *out, const struct report_part *part,
		      const struct treemap_rect *in)
{
	AUTO(buf_done) struct buf name = BUF(PAGE_MAX);
	char size[16];
	if (in->height < line + margin || !cut_label(str_of(part->name), in->width, &name))
		return;
	put_text(out, buf_str(&name), in->x + margin, in->y + line);
	size_text(part->size, size);
	if (in->height >= 2 * line + margin && in->width >= letter * (double)strlen(size) + margin)
		put_text(out, str_of(size), in->x + margin, in->y + 2 * line);
}

/* What a pointer that rests on it is told. */
static void put_title(struct buf *out, const struct report_part *part)
{
	char size[16];
	buf_add_text(out, "<title>");
	page_escape(out, str_of(part->name));
	buf_add_char(out, ' ');
	page_escape(out, str_of(part->version));
	buf_printf(out, "\n%s, layer %zu, %s</title>", size_text(part->size, size), part->layer,
		   report_state_text(part->state));
}

static void put_field(struct buf *out, const struct report_part *part,
		      const struct treemap_rect *in)
{
	buf_add_text(out, "<g>");
	put_title(out, part);
	buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
		   report_state_class(part->state), in->x, in->y, in->width, in->height);
	put_label(out, part, in);
	buf_add_text(out, "</g>\n");
}

static void put_layer(struct buf *out, const struct report_layer *layer, struct treemap_rect in)
{
	AUTO(free) uint64_t *sizes = mem_zero(layer->count + 1, sizeof(*sizes));
	AUTO(free) struct treemap_rect *fields = mem_zero(layer->count + 1, sizeof(*fields));
	for (size_t i = 0; i < layer->count; i++)
		sizes[i] = layer->parts[i].size;
	treemap_layout(sizes, layer->count, shrink(in, 1.5), fields);
	for (size_t i = 0; i < layer->count; i++)
		if (sizes[i])
			put_field(out, &layer->parts[i], &fields[i]);
}

static void put_picture(struct buf *out, const struct report_image *image,
			const struct picture *picture)
{
	AUTO(free) uint64_t *sizes = mem_zero(image->layer_count + 1, sizeof(*sizes));
	AUTO(free) struct treemap_rect *places = mem_zero(image->layer_count + 1, sizeof(*places));
	const struct treemap_rect all = {0, 0, picture->width, picture->height};
	for (size_t i = 0; i < image->layer_count; i++)
		sizes[i] = image->layers[i].size;
	treemap_layout(sizes, image->layer_count, all, places);
	buf_printf(out,
		   "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Treemap "
		   "by compressed size; packages: %zu, layers: %zu\">\n",
		   picture->class, picture->width, picture->height, image->package_count,
		   image->layer_count);
	for (size_t i = 0; i < image->layer_count; i++)
		if (sizes[i])
			put_layer(out, &image->layers[i], places[i]);
	buf_add_text(out, "</svg>\n");
}

void page_treemap(const struct report_image *image, struct buf *out)
{
	for (size_t i = 0; i < COUNT(pictures); i++)
		put_picture(out, image, &pictures[i]);
}

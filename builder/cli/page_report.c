/* builder/cli/page_report.c - the page of a build. */
#include "builder/cli/page_report.h"
#include "builder/cli/page.h"
#include "builder/cli/progress.h"

/* ---- numbers ---- */

static void put_size(struct buf *out, const char *key, uint64_t size)
{
	char text[16];
	if (size)
		page_fact(out, key, str_of(size_text(size, text)), "span");
}

static void put_figures(const struct report_image *image, struct buf *out)
{
	AUTO(buf_done) struct buf packages = BUF(64), layers = BUF(64);
	buf_printf(&packages, "%zu", image->package_count);
	buf_printf(&layers, "%zu", image->layer_count);
	if (image->base_layers)
		buf_printf(&layers, " + %zu", (size_t)image->base_layers);
	put_size(out, "Image, compressed", image->size);
	put_size(out, "Base", image->base_size);
	put_size(out, "Environment", image->layers_size);
	put_size(out, "Environment, unpacked", image->unpacked);
	page_fact(out, "Packages", buf_str(&packages), "span");
	page_fact(out, image->base_layers ? "Layers, and the base's" : "Layers", buf_str(&layers),
		  "span");
}

/* ---- what was reused ---- */

struct shares {
	uint64_t all; /* bytes */
	double at;    /* where the next one begins, of 100 */
	struct buf strip, legend;
};

static void shares_done(struct shares *s)
{
	buf_done(&s->strip);
	buf_done(&s->legend);
}
AUTO_DEFINE_VALUE(struct shares, shares_done)

static void add_share(struct shares *s, const char *class, const char *what, uint64_t size)
{
	AUTO(buf_done) struct buf text = BUF(PAGE_MAX);
	char bytes[16];
	double share = 100.0 * (double)size / (double)s->all;
	buf_printf(&text, "%s: %s, %.0f %%", what, size_text(size, bytes), share);
	buf_printf(&s->strip, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/>", class,
		   s->at, share);
	s->at += share;
	const struct page_value values[] = {
		{"class", str_of(class)}, {"text", buf_str(&text)}, {0}};
	page_fill(&s->legend, "report_legend.html", values);
}

static void add_shares(const struct report_image *image, struct shares *s)
{
	s->all = image->base_size;
	for (size_t i = 0; i < REPORT_STATES; i++)
		s->all += image->state_size[i];
	for (size_t i = 0; i < REPORT_STATES; i++)
		if (image->state_size[i])
			add_share(s, report_state_class(i), report_state_text(i),
				  image->state_size[i]);
	if (image->base_size)
		add_share(s, "base", "base image", image->base_size);
}

/* ---- tables ---- */

static void put_part(const struct report_part *part, struct buf *out)
{
	AUTO(buf_done) struct buf layer = BUF(32);
	char size[16], unpacked[16];
	buf_printf(&layer, "%zu", part->layer);
	const struct page_value values[] = {
		{"name", str_of(part->name)},
		{"version", str_of(part->version)},
		{"manager", str_of(part->manager)},
		{"size", str_of(size_text(part->size, size))},
		{"unpacked", str_of(size_text(part->unpacked, unpacked))},
		{"layer", buf_str(&layer)},
		{"state", str_of(report_state_text(part->state))},
		{0},
	};
	page_fill(out, "report_part.html", values);
}

static void put_layer(const struct report_layer *layer, struct buf *out)
{
	AUTO(buf_done) struct buf number = BUF(32), packages = BUF(32);
	char size[16];
	buf_printf(&number, "%zu", layer->number);
	buf_printf(&packages, "%zu", layer->count);
	const struct page_value values[] = {
		{"number", buf_str(&number)},
		{"size", str_of(size_text(layer->size, size))},
		{"packages", buf_str(&packages)},
		{"state", str_of(report_state_text(layer->state))},
		{"digest", str_of(layer->digest)},
		{0},
	};
	page_fill(out, "report_layer.html", values);
}

/* ---- one image ---- */

/* Parts of the template, a buffer each. */
struct texts {
	struct buf n, count, figures, facts, treemap, selects, parts, layers;
};
#define TEXTS                                                                                      \
	{                                                                                          \
		BUF(32), BUF(64), BUF(PAGE_MAX), BUF(PAGE_MAX), BUF(PAGE_MAX), BUF(PAGE_MAX),      \
			BUF(PAGE_MAX), BUF(PAGE_MAX)                                               \
	}

static void texts_done(struct texts *t)
{
	struct buf *all[] = {&t->n,	  &t->count,   &t->figures, &t->facts,
			     &t->treemap, &t->selects, &t->parts,   &t->layers};
	for (size_t i = 0; i < COUNT(all); i++)
		buf_done(all[i]);
}
AUTO_DEFINE_VALUE(struct texts, texts_done)

static void put_tables(const struct report_image *image, struct texts *t)
{
	AUTO(buf_done) struct buf id = BUF(64);
	buf_printf(&id, "state-%s", t->n.data);
	struct page_choice states = {.id = id.data, .name = "state", .label = "State"};
	for (size_t i = 0; i < image->part_count; i++) {
		page_choice_add(&states, report_state_text(image->parts[i].state));
		put_part(&image->parts[i], &t->parts);
	}
	for (size_t i = 0; i < image->layer_count; i++)
		put_layer(&image->layers[i], &t->layers);
	page_choice_put(&states, &t->selects);
}

static void fill_texts(const struct report_image *image, size_t n, struct texts *t)
{
	buf_printf(&t->n, "%zu", n);
	buf_printf(&t->count, "%zu entries", image->part_count);
	put_figures(image, &t->figures);
	page_fact(&t->facts, "Digest", str_of(image->digest), "code");
	page_fact(&t->facts, "Base", str_of(image->base), "code");
	page_fact(&t->facts, "Base's digest", str_of(image->base_digest), "code");
	page_treemap(image, &t->treemap);
	put_tables(image, t);
}

/* n: which of the page's images, from 1. */
static void put_image(const struct report_image *image, size_t n, struct buf *out)
{
	AUTO(texts_done) struct texts t = TEXTS;
	AUTO(shares_done) struct shares shares = {.strip = BUF(PAGE_MAX), .legend = BUF(PAGE_MAX)};
	fill_texts(image, n, &t);
	add_shares(image, &shares);
	const struct page_value values[] = {
		{"n", buf_str(&t.n)},
		{"platform", str_of(image->platform)},
		{"figures", buf_str(&t.figures)},
		{"facts", buf_str(&t.facts)},
		{"strip", buf_str(&shares.strip)},
		{"legend", buf_str(&shares.legend)},
		{"treemap", buf_str(&t.treemap)},
		{"selects", buf_str(&t.selects)},
		{"count", buf_str(&t.count)},
		{"parts", buf_str(&t.parts)},
		{"layers", buf_str(&t.layers)},
		{0},
	};
	page_fill(out, image->layer_count ? "report_image.html" : "report_unknown.html", values);
}

/* ---- the page ---- */

static void put_images(const cJSON *document, struct buf *out)
{
	AUTO(arena_done) struct arena a = ARENA;
	const cJSON *platforms = json_array(document, "platforms"), *platform = NULL;
	struct report_image image;
	size_t n = 0;
	cJSON_ArrayForEach(platform, platforms)
	{
		report_read(platform, &a, &image);
		put_image(&image, ++n, out);
	}
	if (n)
		return;
	report_read(document, &a, &image);
	image.digest = NULL; /* stands at the page's top */
	put_image(&image, 1, out);
}

static double seconds_of(const cJSON *phase)
{
	double seconds = cJSON_GetNumberValue(phase);
	return seconds >= 0 && seconds < 1e9 ? seconds : 0;
}

static void put_phases(const cJSON *seconds, struct buf *out)
{
	double total = seconds_of(json_get(seconds, "total"));
	const cJSON *phase = NULL;
	cJSON_ArrayForEach(phase, seconds)
	{
		AUTO(buf_done) struct buf text = BUF(64), share = BUF(64);
		if (strcmp(phase->string, "total") == 0)
			continue;
		buf_printf(&text, "%.3f", seconds_of(phase));
		buf_printf(&share, "%.2f", total > 0 ? 100 * seconds_of(phase) / total : 0);
		const struct page_value values[] = {{"name", str_of(phase->string)},
						    {"seconds", buf_str(&text)},
						    {"share", buf_str(&share)},
						    {0}};
		page_fill(out, "report_phase.html", values);
	}
}

void page_report(const cJSON *document, struct buf *out)
{
	AUTO(buf_done) struct buf main = BUF(PAGE_MAX), facts = BUF(PAGE_MAX);
	AUTO(buf_done) struct buf images = BUF(PAGE_MAX), phases = BUF(PAGE_MAX), total = BUF(64);
	const cJSON *seconds = json_object(document, "seconds");
	bool cached = cJSON_IsTrue(json_get(document, "cached"));
	page_fact(&facts, "Digest", str_of(json_text(document, "digest")), "code");
	page_fact(&facts, "Key", str_of(json_text(document, "key")), "code");
	page_fact(&facts, "Lock's digest", str_of(json_text(document, "lock_digest")), "code");
	put_images(document, &images);
	put_phases(seconds, &phases);
	buf_printf(&total, "%.3f", seconds_of(json_get(seconds, "total")));
	const struct page_value values[] = {
		{"image", str_of(json_text(document, "image"))},
		{"made", cached ? STR("The image was there already: nothing was solved, downloaded "
				      "or packed.")
				: STR("The image was made by this build.")},
		{"facts", buf_str(&facts)},
		{"images", buf_str(&images)},
		{"phases", buf_str(&phases)},
		{"total", buf_str(&total)},
		{0},
	};
	page_fill(&main, "report.html", values);
	page_put(out, "Image report", buf_str(&main));
}

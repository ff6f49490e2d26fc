/* builder/purl.c - package URLs of conda packages, wheels and images. */
#include "builder/purl.h"
#include "builder/endpoint.h"

/* Where channels that are known by a bare name live. */
static struct str channel_name(struct str channel)
{
	static const char *const homes[] = {"https://conda.anaconda.org/",
					    "https://repo.anaconda.com/pkgs/"};
	if (str_starts(channel, "file:") || str_starts(channel, "/"))
		return (struct str){0};
	for (size_t i = 0; i < COUNT(homes); i++)
		if (str_starts(channel, homes[i]))
			return str_from(channel, strlen(homes[i]));
	return channel;
}

static void put_qualifier(struct buf *out, const char *name, struct str value, bool *any)
{
	if (!value.n)
		return;
	buf_printf(out, "%c%s=", *any ? '&' : '?', name);
	endpoint_encode(out, value);
	*any = true;
}

static void put_conda(const struct record *r, struct buf *out)
{
	bool any = false;
	put_qualifier(out, "build", r->build, &any);
	put_qualifier(out, "channel", channel_name(r->channel), &any);
	put_qualifier(out, "subdir", r->subdir, &any);
	put_qualifier(out, "type", str_ends(r->url, ".conda") ? STR("conda") : STR("tar.bz2"),
		      &any);
}

void purl_write(const struct record *r, struct buf *out)
{
	bool wheel = r->manager == MANAGER_PIP;
	buf_add_text(out, wheel ? "pkg:pypi/" : "pkg:conda/");
	endpoint_encode(out, r->name);
	buf_add_char(out, '@');
	endpoint_encode(out, r->version_text);
	if (!wheel)
		put_conda(r, out);
}

void purl_write_image(const struct reference *r, const struct digest *digest, struct buf *out)
{
	struct str name = r->repository;
	for (size_t at; (at = str_find(name, '/')) < name.n;)
		name = str_from(name, at + 1);
	buf_printf(out, "pkg:oci/%.*s@sha256%%3A%s?repository_url=", STR_ARG(name),
		   digest_text(digest).hex);
	AUTO(buf_done) struct buf repository = BUF(64 << 10);
	buf_printf(&repository, "%.*s/%.*s", STR_ARG(r->host), STR_ARG(r->repository));
	endpoint_encode(out, buf_str(&repository));
}

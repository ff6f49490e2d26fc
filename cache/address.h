/* cache/address.h - URLs taken apart, and shown without what is secret in them.
 *
 * Secret are user:password@, the token of a conda channel (/t/TOKEN/), queries (signatures of
 * storage redirects) and fragments. Nothing here allocates but what goes into a buffer. */
#ifndef KILN_CACHE_ADDRESS_H
#define KILN_CACHE_ADDRESS_H
#include "specs/base/buf.h"

/* Slices of the URL it was split from. */
struct address {
	struct str scheme; /* "https"; empty when the text is no URL */
	struct str user;   /* "user:password", without the @; mostly empty */
	struct str host;   /* "name", "name:port", "[::1]:5000"; empty in file:///path */
	struct str path;   /* from the first "/"; may be empty */
	struct str query;  /* from "?" or "#" to the end */
};

struct address address_split(struct str url);
/* The place of the token in a path: {token, n} of "/x/t/token/y"; empty without one. Paths
 * below /v2/ are a registry's, where `t` may be a repository. */
struct str address_token(struct str path);
/* Appends scheme, host and path, the token as "***". */
void address_show(struct buf *out, struct str url);
/* Appends "scheme://host": what shares a connection. */
void address_origin(struct buf *out, struct str url);
/* Appends the path with %XX decoded; false when it is no path of this machine: another
 * scheme than file, a foreign host, a coded 0. */
bool address_file(struct buf *out, struct str url);
/* Appends "file://" and the absolute path, coded. */
void address_of_file(struct buf *out, struct str path);
#endif

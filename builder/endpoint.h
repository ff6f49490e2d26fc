/* builder/endpoint.h - addresses that a registry hands out: resolved, compared, mistrusted. */
#ifndef KILN_ENDPOINT_H
#define KILN_ENDPOINT_H
#include "specs/base/buf.h"

/* Appends the absolute address of `location` (a Location header or a realm) as answered to a
 * request for `from`. https stays https: an http address of the same host is asked with https
 * (a proxy that ends TLS hands those out), of another host it is refused; so is an address of
 * this machine or its network when `from` is not one. ERR_REFUSED, ERR_CORRUPT. */
int endpoint_resolve(struct str from, struct str location, struct buf *out, struct err **e);
/* Whether both are answered by one server: equal scheme, host and port. */
bool endpoint_same(struct str a, struct str b);
/* "localhost" and literal addresses of loopback, link-local and private networks, with or
 * without a port. */
bool endpoint_is_private(struct str host);
/* Appends "?name=value" or "&name=value" to the address, the value percent-encoded; what is
 * there already stays as it is. */
void endpoint_query(struct buf *url, const char *name, struct str value);
/* Appends the value percent-encoded: all but letters, digits, "-", ".", "_", "~". */
void endpoint_encode(struct buf *out, struct str value);
#endif

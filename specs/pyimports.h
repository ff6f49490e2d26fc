/* specs/pyimports.h - which modules a Python source imports. */
#ifndef KILN_PYIMPORTS_H
#define KILN_PYIMPORTS_H
#include "specs/base/vec.h"

struct pyimport {
	struct str name; /* its first part: "numpy" of `import numpy.linalg`; a slice of the text */
	unsigned line;
};
struct pyimports {
	VEC(struct pyimport) list; /* in the order of the text */
};
void pyimports_done(struct pyimports *p);
AUTO_DEFINE_VALUE(struct pyimports, pyimports_done)

/* Adds the modules that the text imports by their whole name (not `from . import x`), but for those
 * it can do without: in a `try` that catches ImportError, and below `if TYPE_CHECKING:`. Strings,
 * comments and joined lines are known; what is no Python is no error, and gives what looks like an
 * import. */
void pyimports_read(struct str text, struct pyimports *out);
#endif

/* builder/kiln_version.h - kiln's own. */
#ifndef KILN_KILN_VERSION_H
#define KILN_KILN_VERSION_H

#define KILN_VERSION "0.1.0"
#endif

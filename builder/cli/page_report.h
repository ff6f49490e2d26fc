/* builder/cli/page_report.h - the page of a build: what the image is made of, and what took time.
 */
#ifndef KILN_CLI_PAGE_REPORT_H
#define KILN_CLI_PAGE_REPORT_H
#include "builder/cli/report.h"

/* Appends it; document: what `kiln build --json` prints. */
void page_report(const cJSON *document, struct buf *out);
/* Appends the picture of one image, as inline SVG for broad and for narrow screens; the tables say
 * the same to those who do not see it. */
void page_treemap(const struct report_image *image, struct buf *out);
#endif

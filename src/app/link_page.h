/* The page behind a link: HTML without a script, for any application's own browser. */
#ifndef APP_LINK_PAGE_H
#define APP_LINK_PAGE_H

#include "app/app.h"

struct link_page {
	bool found; /* else: no such link, and nothing else counts */
	bool open;  /* the button was pressed: what it says is shown */
	bool acted;
	const struct records_message *message;
	const char *to, *token;
};
/* The caller frees it; NULL out of memory. */
char *link_page_make(const struct app *a, enum lang lang, const struct link_page *p);

/* The page behind a link to sign in by: `name` is who would, NULL: the link is none. As above. */
char *link_page_enter(const struct app *a, enum lang lang, const char *name, const char *secret);

#endif

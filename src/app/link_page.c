#include "app/link_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"

static const char style[] =
	"body{font:18px/1.6 system-ui,sans-serif;margin:0 auto;max-width:34em;padding:1.5em;"
	"color:#1c1b1a;background:#faf9f7}h1{font-size:1.3em}dt{color:#5c5750;font-size:.85em}"
	"a{color:#1f5f4a}dd{margin:0 0 .8em}.said{white-space:pre-wrap}"
	"button{font:inherit;padding:.7em 1.6em;border:0;border-radius:8px;background:#1f5f4a;"
	"color:#fff}audio{width:100%}"
	"@media(prefers-color-scheme:dark){body{color:#eceae6;background:#1c1b1a}"
	"dt{color:#b5afa6}a{color:#8fd3b8}}";

static void escape(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '>')
			fputs("&gt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '"')
			fputs("&quot;", f);
		else
			fputc(*text, f);
	}
}

struct writing {
	FILE *f;
	const struct app *a;
	enum lang lang;
};

static const char *text(const struct writing *w, const char *key)
{
	return catalogue_text(w->a->catalogue, w->lang, key);
}

static void element(const struct writing *w, const char *tag, const char *words)
{
	fprintf(w->f, "<%s>", tag);
	escape(w->f, words);
	fprintf(w->f, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static void fact(const struct writing *w, const char *key, const char *value)
{
	if (!value[0])
		return;
	element(w, "dt", text(w, key));
	element(w, "dd class=\"said\"", value);
}

/* One button: a form that posts one word. */
static void button(const struct writing *w, const struct link_page *p, const char *act,
		   const char *key)
{
	fprintf(w->f, "<form method=\"post\" action=\"/m/%s\"><button name=\"act\" value=\"%s\">",
		p->token, act);
	escape(w->f, text(w, key));
	fputs("</button></form>", w->f);
}

static void content(const struct writing *w, const struct link_page *p)
{
	const struct records_message *m = p->message;

	fact(w, "link.from", m->from_name);
	fact(w, "link.organisation", m->organisation);
	fact(w, "link.number", m->from_number);
	fact(w, "link.matter", m->matter);
	fact(w, "link.call_back", m->call_back);
}

static void message(const struct writing *w, const struct link_page *p)
{
	const struct records_message *m = p->message;
	char when[32];

	delivery_when(when, sizeof(when), m->kept_at_ms);
	element(w, "h1",
		text(w, m->urgency == RECORDS_URGENT ? "link.title_urgent" : "link.title"));
	fputs("<dl>", w->f);
	fact(w, "link.for", p->to);
	fact(w, "link.when", when);
	if (p->open)
		content(w, p);
	fputs("</dl>", w->f);
	if (!p->open) {
		element(w, "p", text(w, "link.press"));
		button(w, p, "received", "link.received");
		return;
	}
	if (m->recording[0])
		fprintf(w->f, "<audio controls src=\"/m/%s/sound\"></audio>", p->token);
	element(w, "p", text(w, p->acted ? "link.acted_done" : "link.received_done"));
	if (!p->acted)
		button(w, p, "acted", "link.acted");
}

/* Where whoever the message is for finds all of theirs. */
static void own_page(const struct writing *w)
{
	fputs("<p><a href=\"/my\">", w->f);
	escape(w->f, text(w, "link.own_page"));
	fputs("</a></p>", w->f);
}

static void head(const struct writing *w, const char *title)
{
	fprintf(w->f,
		"<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta name=\"robots\" content=\"noindex\"><title>",
		lang_name(w->lang));
	escape(w->f, text(w, title));
	fprintf(w->f, "</title><style>%s</style></head><body><main>", style);
}

static char *foot(const struct writing *w, char **html)
{
	fputs("</main></body></html>", w->f);
	if (fclose(w->f)) {
		free(*html);
		return NULL;
	}
	return *html;
}

char *link_page_make(const struct app *a, enum lang lang, const struct link_page *p)
{
	char *html = NULL;
	size_t len = 0;
	struct writing w = {open_memstream(&html, &len), a, lang};

	if (!w.f)
		return NULL;
	head(&w, "link.title");
	if (p->found)
		message(&w, p);
	else
		element(&w, "h1", text(&w, "link.none"));
	own_page(&w);
	return foot(&w, &html);
}

char *link_page_enter(const struct app *a, enum lang lang, const char *name, const char *secret)
{
	char *html = NULL;
	size_t len = 0;
	struct writing w = {open_memstream(&html, &len), a, lang};

	if (!w.f)
		return NULL;
	head(&w, "enter.title");
	element(&w, "h1", text(&w, name ? "enter.title" : "enter.none"));
	if (name) {
		element(&w, "p", name);
		element(&w, "p", text(&w, "enter.press"));
		fprintf(w.f, "<form method=\"post\" action=\"/enter/%s\"><button>", secret);
		escape(w.f, text(&w, "enter.button"));
		fputs("</button></form>", w.f);
	} else {
		own_page(&w);
	}
	return foot(&w, &html);
}

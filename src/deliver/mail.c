/*
 * Mail: SMTP with TLS (RFC 5321, RFC 3207, RFC 8314), the caller's voice attached. Message-ID is
 * the item's key, so that a server or a person that gets it twice can tell.
 */
#include "deliver/priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER 1200

struct letter {
	struct curl_slist *headers, *to, *file;
	curl_mime *mime;
	char *text;
	char reply[DELIVER_DETAIL]; /* the server's last line */
};

static void header(struct letter *l, const char *name, const char *value)
{
	char line[HEADER];

	snprintf(line, sizeof(line), "%s: %s", name, value);
	l->headers = curl_slist_append(l->headers, line);
}

static void headers(struct letter *l, const struct deliver_work *w)
{
	const struct deliver_item *it = w->item;
	const char *from = w->config.mail.from, *host = strrchr(from, '@');
	char words[HEADER - 200], value[HEADER - 16];

	deliver_mime_date(value, sizeof(value), it->at_ms);
	header(l, "Date", value);
	deliver_mime_words(words, sizeof(words), it->sender);
	/* An encoded word stands by itself, other text in quotes (RFC 5322, 3.2.5). */
	if (text_starts(words, "=?") || strpbrk(words, "\"\\"))
		snprintf(value, sizeof(value), "%s\r\n <%s>", words, from);
	else
		snprintf(value, sizeof(value), "\"%s\" <%s>", words, from);
	header(l, "From", value);
	snprintf(value, sizeof(value), "<%s>", it->address);
	header(l, "To", value);
	deliver_mime_words(value, sizeof(value), it->title);
	header(l, "Subject", value);
	snprintf(value, sizeof(value), "<%s%s>", it->key, host ? host : "@localhost");
	header(l, "Message-ID", value);
	header(l, "Auto-Submitted", "auto-generated");
}

/* Lines of text in mail end with CR LF, also inside base64 (RFC 2045, 6.8). */
static char *with_crlf(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out;

	for (; out && *text; text++) {
		if (*text == '\n')
			*to++ = '\r';
		*to++ = *text;
	}
	if (out)
		*to = '\0';
	return out;
}

static bool file_there(const char *path)
{
	struct stat st;

	return path[0] && stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	       st.st_size <= (off_t)DELIVER_FILE;
}

static int parts(struct letter *l, const struct deliver_work *w)
{
	const struct deliver_item *it = w->item;
	char line[HEADER] = "Content-Disposition: ", type[HEADER] = "", value[HEADER - 32];
	curl_mimepart *p;

	l->text = with_crlf(it->text);
	l->mime = curl_mime_init(w->curl);
	p = l->mime ? curl_mime_addpart(l->mime) : NULL;
	if (!p || !l->text)
		return ENOMEM;
	curl_mime_data(p, l->text, CURL_ZERO_TERMINATED);
	curl_mime_type(p, "text/plain; charset=utf-8");
	curl_mime_encoder(p, "base64");
	if (!file_there(it->file))
		return 0;
	p = curl_mime_addpart(l->mime);
	if (!p || curl_mime_filedata(p, it->file))
		return p ? 0 : ENOMEM;
	curl_mime_encoder(p, "base64");
	curl_mime_filename(p, NULL);
	/* Old readers know the name in this form only; no standard has it, and none forbids it. */
	deliver_mime_words(value, sizeof(value), it->file_name);
	text_append(type, sizeof(type), "%s;\r\n name=\"%s\"", it->file_type, value);
	curl_mime_type(p, type);
	if (!deliver_mime_disposition(value, sizeof(value), it->file_name))
		text_append(line, sizeof(line), "%s", value);
	l->file = curl_slist_append(NULL, line);
	curl_mime_headers(p, l->file, 0);
	return 0;
}

static size_t on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct letter *l = arg;
	size_t n = size * count;

	/* The first refusal is the one that counts: what follows is the farewell. */
	if (n < 3 || l->reply[0] == '4' || l->reply[0] == '5' || !memcmp(data, "221", 3))
		return n;
	text_copy_n(l->reply, sizeof(l->reply), data, n);
	l->reply[strcspn(l->reply, "\r\n")] = '\0';
	return n;
}

/* What the server's last word means: 5yz is for good unless it is about ourselves. */
static enum deliver_outcome verdict(CURLcode rc, long code)
{
	enum deliver_outcome o = deliver_curl_outcome(rc);

	if (o != DELIVER_BROKEN || code < 400)
		return o;
	if (code < 500)
		return DELIVER_BUSY;
	return code == 530 || code == 534 || code == 535 || code == 538 ? DELIVER_DENIED
									: DELIVER_REFUSED;
}

static void transfer(struct deliver_work *w, struct letter *l)
{
	const struct deliver_mail *m = &w->config.mail;
	char url[DELIVER_ADDRESS + 16];
	CURL *c = w->curl;
	long code = 0;
	CURLcode rc;

	snprintf(url, sizeof(url), "%s://%s", m->security == DELIVER_TLS ? "smtps" : "smtp",
		 m->server);
	l->to = curl_slist_append(NULL, w->item->address);
	curl_easy_setopt(c, CURLOPT_URL, url);
	if (m->security != DELIVER_PLAIN)
		curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (m->ca[0])
		curl_easy_setopt(c, CURLOPT_CAINFO, m->ca);
	if (m->ca[0]) /* the system's folder needn't be read too */
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (m->user[0]) {
		curl_easy_setopt(c, CURLOPT_USERNAME, m->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, m->password);
	}
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT,
			 (long)(w->config.timeout_ms + 999) / 1000);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, m->from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, l->to);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, l->headers);
	curl_easy_setopt(c, CURLOPT_MIMEPOST, l->mime);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, l);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	deliver_said(w, verdict(rc, code),
		     rc == CURLE_OK || code >= 400 ? l->reply : curl_easy_strerror(rc));
}

/* A connection that saw a refusal is in the middle of a letter: the next has one of its own. Others
 * stay: reading the authorities for each costs more than the letter. */
static void hang_up(struct deliver_work *w)
{
	CURL *fresh = curl_easy_init();

	if (!fresh)
		return;
	curl_easy_cleanup(w->curl);
	w->curl = fresh;
}

void deliver_mail_run(struct deliver_work *w)
{
	struct letter l = {0};

	if (!w->config.mail.server[0]) {
		deliver_said(w, DELIVER_UNSET, NULL);
		return;
	}
	/* A recording takes its time on a slow line: each answer has timeout_ms, the whole more. */
	deliver_curl_begin(w, "smtp,smtps", w->config.timeout_ms * 5);
	headers(&l, w);
	if (parts(&l, w))
		deliver_said(w, DELIVER_BUSY, "no memory");
	else
		transfer(w, &l);
	if (w->result->outcome == DELIVER_OK)
		curl_easy_reset(w->curl);
	else
		hang_up(w);
	curl_mime_free(l.mime);
	curl_slist_free_all(l.headers);
	curl_slist_free_all(l.to);
	curl_slist_free_all(l.file);
	free(l.text);
}

/* One request and its answer, by libcurl: no redirects, a bounded answer, times for everything. */
#include "deliver/priv.h"

#include <errno.h>
#include <string.h>

void deliver_said(struct deliver_work *w, enum deliver_outcome o, const char *detail)
{
	char *at = w->result->detail;

	w->result->outcome = o;
	TEXT_COPY(w->result->detail, detail ? detail : "");
	if (!text_utf8_valid(at, strlen(at)))
		for (; *at; at++)
			if ((unsigned char)*at > 0x7e)
				*at = '?';
	for (at = w->result->detail; *at; at++)
		if ((unsigned char)*at < 0x20)
			*at = ' ';
}

enum deliver_outcome deliver_curl_outcome(CURLcode rc)
{
	switch ((int)rc) {
	case CURLE_OK:
		return DELIVER_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return DELIVER_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return DELIVER_TIMEOUT;
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return DELIVER_TLS_FAILED;
	case CURLE_LOGIN_DENIED:
		return DELIVER_DENIED;
	default:
		return DELIVER_BROKEN;
	}
}

/* The end of the room ends what is under way. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct deliver_work *w = arg;

	return atomic_load(&w->of->stop);
}

void deliver_curl_begin(struct deliver_work *w, const char *protocols, uint32_t total_ms)
{
	CURL *c = w->curl;

	curl_easy_reset(c); /* connections stay */
	memset(w->error, 0, sizeof(w->error));
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, w->error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)w->config.timeout_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)total_ms);
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not what the environment happens to say */
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, w);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct deliver_answer *a = arg;
	size_t n = size * count;

	if (n > DELIVER_ANSWER - a->len) {
		a->too_big = true;
		return 0;
	}
	memcpy(a->body + a->len, data, n);
	a->len += n;
	return n;
}

int deliver_http(struct deliver_work *w, const struct deliver_request *q, struct deliver_answer *a)
{
	struct curl_slist *headers = NULL;
	CURL *c = w->curl;
	CURLcode rc;

	a->status = 0;
	a->len = 0;
	a->too_big = false;
	deliver_curl_begin(w, "http,https", w->config.timeout_ms);
	if (w->config.proxy[0])
		curl_easy_setopt(c, CURLOPT_PROXY, w->config.proxy);
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "Zongji");
	if (q->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
		headers = curl_slist_append(headers, "Content-Type: application/json");
	}
	headers = curl_slist_append(headers, "Expect:");
	for (unsigned i = 0; i < 4 && q->header[i]; i++)
		headers = curl_slist_append(headers, q->header[i]);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->status);
	curl_slist_free_all(headers);
	a->body[a->len] = '\0';
	if (rc && !a->too_big) {
		/* libcurl's words may have the address in them, and the address a key */
		deliver_said(w, deliver_curl_outcome(rc), curl_easy_strerror(rc));
		return EIO;
	}
	return 0;
}

json_t *deliver_answer_json(const struct deliver_answer *a)
{
	json_t *j = a->too_big ? NULL : json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

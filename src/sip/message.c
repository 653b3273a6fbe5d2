/*
 * Reading what came in: headers as bounded text, strict numbers, user parts; and the one log line a
 * second that a source of bad messages gets.
 */
#include <ctype.h>

#include "base/clock.h"
#include "sip/priv.h"

#define METHOD_SHOWN 20u /* characters of a stranger's method in a log line */

enum sip_transp sip_over_transp(enum sip_transport t)
{
	switch (t) {
	case SIP_OVER_UDP:
		return SIP_TRANSP_UDP;
	case SIP_OVER_TCP:
		return SIP_TRANSP_TCP;
	case SIP_OVER_TLS:
		return SIP_TRANSP_TLS;
	case SIP_OVER_COUNT:
		break;
	}
	return SIP_TRANSP_NONE;
}

enum sip_transport sip_transp_over(enum sip_transp tp)
{
	switch (tp) {
	case SIP_TRANSP_UDP:
		return SIP_OVER_UDP;
	case SIP_TRANSP_TCP:
		return SIP_OVER_TCP;
	case SIP_TRANSP_TLS:
		return SIP_OVER_TLS;
	case SIP_TRANSP_NONE:
	case SIP_TRANSP_WS:
	case SIP_TRANSP_WSS:
	case SIP_TRANSPC:
		break;
	}
	return SIP_OVER_COUNT;
}

int sip_in_copy(const struct pl *pl, char *out, size_t cap)
{
	if (!pl->p)
		return ENOENT;
	if (pl->l >= cap)
		return EOVERFLOW;
	return text_copy_n(out, cap, pl->p, pl->l);
}

int sip_in_header(const struct sip_msg *msg, enum sip_hdrid id, char *out, size_t cap)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, id);

	return h ? sip_in_copy(&h->val, out, cap) : ENOENT;
}

int sip_in_number(const struct pl *pl, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;

	if (!pl->p || !pl->l)
		return EINVAL;
	for (size_t i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return EINVAL;
		v = v * 10 + (uint64_t)(pl->p[i] - '0');
		if (v > max)
			return ERANGE;
	}
	*out = (uint32_t)v;
	return 0;
}

/* RFC 3966, 3: "-", ".", "(" and ")" are for the eye only. */
static int user_of_tel(const struct pl *pl, char *out, size_t cap)
{
	char number[SIP_USER];
	size_t n = 0;

	for (size_t i = 0; i < pl->l; i++) {
		if (strchr("-.()", pl->p[i]))
			continue;
		if (n + 1 >= sizeof(number))
			return EOVERFLOW;
		number[n++] = pl->p[i];
	}
	if (n + 1 > cap)
		return EOVERFLOW;
	return n ? text_copy_n(out, cap, number, n) : ENOENT;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sip_in_user(const struct uri *uri, char *out, size_t cap)
{
	char user[SIP_USER];
	size_t n = 0;

	if (!pl_strcasecmp(&uri->scheme, "tel"))
		return user_of_tel(pl_isset(&uri->user) ? &uri->user : &uri->host, out, cap);
	for (size_t i = 0; i < uri->user.l; i++) {
		char c = uri->user.p[i];

		if (c == ';')
			break; /* parameters of a telephone number, RFC 3261, 19.1.6 */
		if (c == '%') {
			int hi = i + 2 < uri->user.l ? hex_value(uri->user.p[i + 1]) : -1;
			int lo = hi >= 0 ? hex_value(uri->user.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return EINVAL;
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		if (n + 1 >= sizeof(user))
			return EOVERFLOW;
		user[n++] = c;
	}
	if (!n)
		return ENOENT;
	if (n + 1 > cap)
		return EOVERFLOW;
	return text_copy_n(out, cap, user, n);
}

struct token_search {
	const char *token;
};

static bool token_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	const struct token_search *s = arg;
	(void)msg;

	return !pl_strcasecmp(&hdr->val, s->token);
}

/* libre has split comma-separated headers already. */
bool sip_in_token(const struct sip_msg *msg, enum sip_hdrid id, const char *token)
{
	struct token_search s = {.token = token};

	return sip_msg_hdr_apply(msg, true, id, token_handler, &s) != NULL;
}

const char *sip_in_source(const struct sip_msg *msg)
{
	static _Thread_local char text[64];

	re_snprintf(text, sizeof(text), "%J", &msg->src);
	return text;
}

void sip_complain(struct sip_room *r, const struct sa *src, const char *what)
{
	char ip[64];
	uint32_t held_back = 0;

	re_snprintf(ip, sizeof(ip), "%j", src);
	if (!log_limit(&r->complaints, ip, clock_mono_ms(), &held_back))
		return;
	if (held_back)
		log_warn("sip", "from %s port %u: %s (and %u more of this source)", ip,
			 sa_port(src), what, held_back);
	else
		log_warn("sip", "from %s port %u: %s", ip, sa_port(src), what);
}

void sip_in_complain(struct sip_room *r, const struct sip_msg *msg, const char *what)
{
	struct pl met = msg->req ? msg->met : msg->cseq.met;
	char line[160];

	met.l = MIN(met.l, METHOD_SHOWN);
	re_snprintf(line, sizeof(line), "%r: %s", &met, what);
	sip_complain(r, &msg->src, line);
}

bool sip_in_nat(const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr contact;
	struct sa sa;

	if (sa_isset(&msg->via.addr, SA_ADDR) && !sa_cmp(&msg->via.addr, &msg->src, SA_ADDR))
		return true;
	if (!h || sip_addr_decode(&contact, &h->val) || sa_set(&sa, &contact.uri.host, 1))
		return false;
	return !sa_cmp(&sa, &msg->src, SA_ADDR);
}

#include "media/web.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <re_types.h>
struct re_printf;
#include <re_fmt.h>
#include <re_list.h>
#include <re_mbuf.h>
#include <re_mem.h>
#include <re_sa.h>
#include <re_stun.h>

#define STUN_MAX 548 /* bytes; a check has about 100 */

static bool is_named(const struct web_ice *ice, const char *name)
{
	char want[WEB_TOKEN + WEB_UFRAG_MAX + 2];

	if (!ice->ufrag[0])
		return false;
	snprintf(want, sizeof(want), "%s:%s", ice->ufrag, ice->remote_ufrag);
	return strcmp(want, name) == 0;
}

static int judge(const struct web *w, const struct stun_msg *msg, struct web_check *check)
{
	const struct stun_attr *name = stun_msg_attr(msg, STUN_ATTR_USERNAME);
	const struct web_ice *ice;

	if (stun_msg_method(msg) != STUN_METHOD_BINDING ||
	    stun_msg_class(msg) != STUN_CLASS_REQUEST || !stun_msg_mcookie(msg) || !name ||
	    stun_msg_chk_fingerprint(msg))
		return EBADMSG;
	check->next = is_named(&w->next, name->v.username);
	if (!check->next && !is_named(&w->ice, name->v.username))
		return EBADMSG;
	ice = check->next ? &w->next : &w->ice;
	if (stun_msg_chk_mi(msg, (const uint8_t *)ice->pwd, strlen(ice->pwd)))
		return EBADMSG;
	check->nominates = stun_msg_attr(msg, STUN_ATTR_USE_CAND) != NULL;
	memcpy(check->tid, stun_msg_tid(msg), WEB_TID);
	return 0;
}

int web_stun_read(const struct web *w, const uint8_t *data, size_t len, struct web_check *check)
{
	struct stun_unknown_attr unknown;
	struct stun_msg *msg = NULL;
	struct mbuf *mb;
	int err = EBADMSG;

	if (len > STUN_MAX)
		return EBADMSG;
	mb = mbuf_alloc(len);
	if (!mb)
		return ENOMEM;
	if (!mbuf_write_mem(mb, data, len)) {
		mb->pos = 0;
		if (!stun_msg_decode(&msg, mb, &unknown) && unknown.typec == 0)
			err = judge(w, msg, check);
	}
	mem_deref(msg);
	mem_deref(mb);
	return err;
}

size_t web_stun_answer(const struct web_ice *ice, const struct web_check *check,
		       const union address *from, uint8_t *out, size_t cap)
{
	struct mbuf *mb = mbuf_alloc(cap);
	struct sa sa;
	size_t n = 0;

	if (!mb)
		return 0;
	if (!sa_set_sa(&sa, &from->any) &&
	    !stun_msg_encode(mb, STUN_METHOD_BINDING, STUN_CLASS_SUCCESS_RESP, check->tid, NULL,
			     (const uint8_t *)ice->pwd, strlen(ice->pwd), true, 0, 1,
			     STUN_ATTR_XOR_MAPPED_ADDR, &sa) &&
	    mb->end <= cap) {
		n = mb->end;
		memcpy(out, mb->buf, n);
	}
	mem_deref(mb);
	return n;
}

/*
 * SDES-SRTP of a leg on libsrtp2 (libre's own moves its roll-over counter before it authenticates).
 * AES_CM_128_HMAC_SHA1_80: RFC 3711, RFC 4568.
 */
#include <errno.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "media/room.h"

#define REPLAY_WINDOW 1024

struct srtp_pair {
	srtp_t tx, rx;
	struct stream_srtp keys;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
	srtp_init();
}

static int make(srtp_t *out, const uint8_t *key, srtp_ssrc_type_t type)
{
	uint8_t copy[STREAM_SRTP_KEY_LEN];
	srtp_policy_t policy;
	srtp_err_status_t status;

	memset(&policy, 0, sizeof(policy));
	memcpy(copy, key, sizeof(copy));
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	policy.ssrc.type = type;
	policy.key = copy;
	policy.window_size = REPLAY_WINDOW;
	status = srtp_create(out, &policy);
	explicit_bzero(copy, sizeof(copy));
	return status == srtp_err_status_ok ? 0 : ENOMEM;
}

/* Each direction by itself, so that new keys one way leave the other's roll-over counter alone. */
static int renew(srtp_t *session, const uint8_t *key, const uint8_t *old, srtp_ssrc_type_t type)
{
	srtp_t made;
	int err;

	if (*session && memcmp(key, old, STREAM_SRTP_KEY_LEN) == 0)
		return 0;
	err = make(&made, key, type);
	if (err)
		return err;
	if (*session)
		srtp_dealloc(*session);
	*session = made;
	return 0;
}

int srtp_pair_set(struct srtp_pair **sp, const struct stream_srtp *keys)
{
	struct srtp_pair *s = *sp;
	int err;

	if (!keys->on) {
		srtp_pair_free(s);
		*sp = NULL;
		return 0;
	}
	pthread_once(&once, start_library);
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return ENOMEM;
	}
	err = renew(&s->tx, keys->tx_key, s->keys.tx_key, ssrc_any_outbound);
	if (!err)
		err = renew(&s->rx, keys->rx_key, s->keys.rx_key, ssrc_any_inbound);
	s->keys = *keys;
	*sp = s;
	return err;
}

void srtp_pair_free(struct srtp_pair *s)
{
	if (!s)
		return;
	if (s->tx)
		srtp_dealloc(s->tx);
	if (s->rx)
		srtp_dealloc(s->rx);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

int srtp_pair_protect(struct srtp_pair *s, uint8_t *data, size_t *len, bool rtcp)
{
	int n = (int)*len;
	srtp_err_status_t status;

	if (!s->tx)
		return EPROTO;
	status = rtcp ? srtp_protect_rtcp(s->tx, data, &n) : srtp_protect(s->tx, data, &n);
	if (status != srtp_err_status_ok)
		return EPROTO;
	*len = (size_t)n;
	return 0;
}

int srtp_pair_unprotect(struct srtp_pair *s, uint8_t *data, size_t *len, bool rtcp)
{
	int n = (int)*len;
	srtp_err_status_t status;

	if (!s->rx)
		return EPROTO;
	status = rtcp ? srtp_unprotect_rtcp(s->rx, data, &n) : srtp_unprotect(s->rx, data, &n);
	if (status != srtp_err_status_ok)
		return EPROTO;
	*len = (size_t)n;
	return 0;
}

uint32_t srtp_pair_roc(struct srtp_pair *s, uint32_t ssrc, bool tx)
{
	srtp_t session = tx ? s->tx : s->rx;
	uint32_t roc = 0;

	if (!session || srtp_get_stream_roc(session, ssrc, &roc) != srtp_err_status_ok)
		return 0;
	return roc;
}

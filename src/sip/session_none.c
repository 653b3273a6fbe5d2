/* Stands in until session.c is there. */
#include "sip/priv.h"

int sip_sessions_open(struct sip_room *r)
{
	return 0;
}

void sip_sessions_close(struct sip_room *r)
{
}

uint32_t sip_sessions_count(const struct sip_room *r)
{
	return 0;
}

bool sip_session_request(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg)
{
	return false;
}

bool sip_session_response(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg)
{
	return false;
}

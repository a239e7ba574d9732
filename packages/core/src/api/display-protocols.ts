/**
 * A browser can set no header of its own on a socket but `Sec-WebSocket-Protocol`, and says these there: what it speaks, and
 * behind the second its ticket. In a file of their own, since the page that uses them holds no schemas.
 */
export const DISPLAY_PROTOCOL = 'boxyard.display';
export const TICKET_PROTOCOL = 'boxyard.ticket.';

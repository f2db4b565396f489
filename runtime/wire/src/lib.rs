//! Names, JIDs, XML and stanzas of XMPP.

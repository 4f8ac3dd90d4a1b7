/* libxml2, loaded when the first feed is read. */
#ifndef LATTICE_WORKER_SYNC_XML_LIBRARY_H
#define LATTICE_WORKER_SYNC_XML_LIBRARY_H

#include <libxml/HTMLparser.h>
#include <libxml/xmlreader.h>

#include "common/error.h"

/* It brings ICU and the C++ library along, which would be loaded at the start of every worker, also
 * of those that never see a feed. What is used of it: */
#define XML_FUNCTIONS(X)                                                                           \
    X(xmlInitParser)                                                                               \
    X(xmlSetExternalEntityLoader)                                                                  \
    X(xmlStopParser)                                                                               \
    X(xmlReaderForMemory)                                                                          \
    X(xmlTextReaderSetStructuredErrorHandler)                                                      \
    X(xmlTextReaderRead)                                                                           \
    X(xmlTextReaderNodeType)                                                                       \
    X(xmlTextReaderDepth)                                                                          \
    X(xmlTextReaderIsEmptyElement)                                                                 \
    X(xmlTextReaderConstLocalName)                                                                 \
    X(xmlTextReaderConstNamespaceUri)                                                              \
    X(xmlTextReaderConstValue)                                                                     \
    X(xmlTextReaderConstBaseUri)                                                                   \
    X(xmlTextReaderMoveToNextAttribute)                                                            \
    X(xmlTextReaderMoveToElement)                                                                  \
    X(xmlFreeTextReader)                                                                           \
    X(htmlCreatePushParserCtxt)                                                                    \
    X(htmlCtxtUseOptions)                                                                          \
    X(htmlParseChunk)                                                                              \
    X(htmlFreeParserCtxt)                                                                          \
    X(htmlEntityLookup)

struct xml_library {
#define XML_MEMBER(name) __typeof__(name) *(name);
    XML_FUNCTIONS(XML_MEMBER)
#undef XML_MEMBER
};

/* Loaded once, never unloaded. NULL with CAUSE_CONFIG if it is not installed. */
const struct xml_library *xml_library(struct error *e);

#endif

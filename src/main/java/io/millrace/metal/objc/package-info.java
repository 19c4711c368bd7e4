/**
 * The Objective-C runtime and the Metal classes, called through the Foreign Function and Memory
 * API. What a class is sent is a record of method handles, one component per message with its exact
 * signature; typed wrappers own what they hold.
 */
package io.millrace.metal.objc;

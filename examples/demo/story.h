#ifndef EXAMPLES_DEMO_STORY_H_
#define EXAMPLES_DEMO_STORY_H_

namespace mesh::demo {

// The demonstration from first to last, about half a minute. Returns 0 only if no call failed.
int TellStory(bool terminal);

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_STORY_H_

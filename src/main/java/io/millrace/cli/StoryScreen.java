package io.millrace.cli;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Prompt;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shows texts one after another although they are written at the same time: that of the first
 * prompt grows before one's eyes, the others are kept until it is their turn. Thread-safe.
 */
final class StoryScreen {
  private final PrintWriter out;
  private final Colours colours;
  private final Map<String, Story> stories = new LinkedHashMap<>();

  StoryScreen(List<Prompt> prompts, PrintWriter out, Colours colours) {
    this.out = out;
    this.colours = colours;
    prompts.forEach(prompt -> stories.put(prompt.id(), new Story(prompt)));
    show();
  }

  /** Takes a part of a prompt's text. */
  synchronized void chunk(Chunk chunk) {
    stories.get(chunk.id()).unshown.append(chunk.text());
    show();
  }

  /** Takes the end of a prompt, after its last chunk. */
  synchronized void end(Completion completion) {
    stories.get(completion.id()).footer = footer(completion);
    show();
  }

  private void show() {
    while (!stories.isEmpty()) {
      Story story = stories.values().iterator().next();
      if (!story.begun) {
        out.print(colours.bold(story.prompt.prompt()));
        story.begun = true;
      }
      out.print(story.unshown);
      story.unshown.setLength(0);
      out.flush();
      if (story.footer.isEmpty()) {
        return;
      }
      out.println();
      out.println(colours.dim(story.footer));
      out.println();
      stories.remove(story.prompt.id());
    }
    out.flush();
  }

  private static String footer(Completion completion) {
    return completion
        .error()
        .map(error -> "  error %s: %s".formatted(error.code(), error.message()))
        .orElseGet(() ->
            "  %d tokens, %s"
                .formatted(
                    completion.usage().orElseThrow().completionTokens(),
                    completion.choices().getFirst().finishReason()));
  }

  /** What is known of one text. The footer is empty while it goes on. */
  private static final class Story {
    private final Prompt prompt;
    private final StringBuilder unshown = new StringBuilder();
    private boolean begun;
    private String footer = "";

    Story(Prompt prompt) {
      this.prompt = prompt;
    }
  }
}

package io.millrace.engine;

import io.millrace.text.Tokenizer;
import io.millrace.text.chat.ChatRequest;
import io.millrace.text.chat.ChatTemplate;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/**
 * Turns prompts into tokens.
 *
 * @param template for conversations
 */
record PromptEncoder(Tokenizer tokenizer, Optional<ChatTemplate> template) {
  /**
   * Token ids of a request's prompt. A conversation that is resumed elsewhere becomes the same
   * prompt: the time that templates tell is the request's, in UTC.
   *
   * @throws IllegalArgumentException when it cannot be rendered or tokenized
   */
  int[] encode(GenerationRequest request) {
    if (request.chatTime().isEmpty()) {
      return tokenizer.encodePrompt(request.prompt());
    }
    ChatTemplate chat =
        template.orElseThrow(() ->
            new IllegalArgumentException(
                "the model has no chat template; send the text as prompt"));
    LocalDateTime now =
        LocalDateTime.ofInstant(
            Instant.ofEpochMilli(request.chatTime().getAsLong()), ZoneOffset.UTC);
    return tokenizer.encodePrompt(
        chat.render(ChatRequest.parse(request.prompt()).simplified(), now));
  }
}

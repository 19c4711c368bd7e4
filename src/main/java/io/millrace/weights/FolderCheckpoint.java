package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.text.Tokenizer;
import io.millrace.text.TokenizerFolder;
import io.millrace.text.chat.ChatTemplate;
import io.millrace.text.chat.ChatTemplateFiles;
import io.millrace.weights.CheckpointSummary.TypeShare;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * A folder as a model: {@code config.json}, weights in safetensors or npz files, and a tokenizer.
 * What is missing is an error only when it is asked for.
 */
final class FolderCheckpoint implements Checkpoint {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  /** Files that decide about the text, beside the weights. */
  private static final List<String> DEFINING =
      List.of(CONFIG, TOKENIZER_CONFIG, "tokenizer.json", "tokenizer.model", "chat_template.jinja");

  private final Path folder;
  private final List<TensorFile> files;
  private final boolean npz;
  private Optional<Tokenizer> tokenizer = Optional.empty();

  private FolderCheckpoint(Path folder, List<TensorFile> files, boolean npz) {
    this.folder = folder;
    this.files = List.copyOf(files);
    this.npz = npz;
  }

  /**
   * Opens the files of weights in a folder.
   *
   * @throws CheckpointException when one is damaged
   */
  static FolderCheckpoint open(Path folder) {
    WeightFiles paths = WeightFiles.in(folder);
    List<TensorFile> files = new ArrayList<>();
    try {
      for (Path path : paths.files()) {
        files.add(paths.npz() ? NpzFile.open(path) : SafetensorsFile.open(path));
      }
      paths.checkIndex(files);
      return new FolderCheckpoint(folder, files, paths.npz());
    } catch (Throwable e) {
      files.forEach(TensorFile::close);
      throw e;
    }
  }

  @Override
  public String name() {
    return ModelName.of(folder);
  }

  @Override
  public ModelConfig config() {
    return model().config();
  }

  @Override
  public WeightSet weights() {
    if (files.isEmpty()) {
      throw new CheckpointException(
          folder, "has no weights, expected model*.safetensors, weights.npz or weights.*.npz");
    }
    return model().weights();
  }

  private FolderModel model() {
    JsonDocument config = JsonDocument.read(folder.resolve(CONFIG));
    Quantization quantization = new Quantization(config);
    return npz
        ? new MetaModel(config, tensors(), quantization)
        : new HuggingFaceModel(config, tensors(), quantization, savedByMlx(quantization));
  }

  private FolderTensors tensors() {
    return new FolderTensors(folder, npz ? TensorNames.META : TensorNames.HUGGING_FACE, files);
  }

  private boolean savedByMlx(Quantization quantization) {
    return quantization.isPresent()
        || files.stream().anyMatch(file -> file.writer().equals(Optional.of("mlx")));
  }

  @Override
  public synchronized Tokenizer tokenizer() {
    if (tokenizer.isEmpty()) {
      try {
        tokenizer = Optional.of(TokenizerFolder.load(folder));
      } catch (IllegalArgumentException e) {
        throw new CheckpointException(folder, e.getMessage(), e);
      }
    }
    return tokenizer.get();
  }

  @Override
  public Optional<ChatTemplate> chatTemplate() {
    try {
      return ChatTemplateFiles.find(folder);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(folder, e.getMessage(), e);
    }
  }

  @Override
  public String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    for (String name : DEFINING) {
      if (Files.isRegularFile(folder.resolve(name))) {
        try (ModelFile file = ModelFile.open(folder.resolve(name), "a file")) {
          fingerprint.addAll(file);
        }
      }
    }
    for (TensorFile file : files) {
      fingerprint.add(file.description()).add(file.file().size());
      for (StoredTensor tensor : file.tensors().values()) {
        fingerprint.sample(file.file(), tensor.place().offset(), tensor.place().fileBytes());
      }
    }
    return fingerprint.hex();
  }

  @Override
  public CheckpointSummary summary() {
    Optional<JsonDocument> config = readIfThere(CONFIG);
    List<TypeShare> types = TypeShare.mix(types(config));
    return new CheckpointSummary(
        format(),
        files.stream().mapToLong(file -> file.file().size()).sum(),
        config.flatMap(c -> c.text("model_type")),
        types.stream().mapToLong(TypeShare::elements).sum(),
        types,
        TokenizerFolder.isIn(folder) ? Optional.of(TokenizerFolder.kind(folder)) : Optional.empty(),
        vocabSize(config),
        integer(config, "max_position_embeddings"),
        Files.exists(folder.resolve("chat_template.jinja"))
            || readIfThere(TOKENIZER_CONFIG).filter(c -> c.has("chat_template")).isPresent());
  }

  /** The configuration's, or where it does not say (Meta's is -1) the tokenizer's. */
  private int vocabSize(Optional<JsonDocument> config) {
    OptionalInt size = integer(config, "vocab_size");
    if (size.orElse(0) > 0) {
      return size.getAsInt();
    }
    try {
      return TokenizerFolder.isIn(folder) ? tokenizer().vocabSize() : 0;
    } catch (CheckpointException e) {
      return 0; // whoever wants the tokenizer hears of it
    }
  }

  private String format() {
    String format = npz ? "MLX npz" : "safetensors";
    return switch (files.size()) {
      case 0 -> "folder without weights";
      case 1 -> format;
      default -> "%s in %d files".formatted(format, files.size());
    };
  }

  private Optional<JsonDocument> readIfThere(String name) {
    Path path = folder.resolve(name);
    return Files.exists(path) ? Optional.of(JsonDocument.read(path)) : Optional.empty();
  }

  private static OptionalInt integer(Optional<JsonDocument> config, String key) {
    return config
        .map(c -> c.integer(key, Integer.MIN_VALUE, Integer.MAX_VALUE))
        .orElse(OptionalInt.empty());
  }

  /** The quantization mix; where quantized parts cannot be understood, the tensors as they are. */
  private Stream<TypeShare> types(Optional<JsonDocument> config) {
    if (config.isPresent()) {
      try {
        return tensors().types(new Quantization(config.get())).stream();
      } catch (CheckpointException e) {
        // Whoever wants the weights hears of it.
      }
    }
    return files.stream()
        .flatMap(file -> file.tensors().values().stream())
        .map(t -> new TypeShare(t.type(), 1, t.elements(), t.bytes()));
  }

  @Override
  public void close() {
    files.forEach(TensorFile::close);
  }
}

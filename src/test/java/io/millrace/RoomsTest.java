package io.millrace;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toUnmodifiableSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the arrows between the packages: which room may know which. */
class RoomsTest {
  private static final String HOUSE = "io.millrace";

  /** A room, and the rooms it may use. */
  private static final Map<String, Set<String>> ROOMS =
      table(
          """
          record   |
          tensor   |
          text     |
          hub      |
          model    | tensor
          cpu      | tensor
          metal    | tensor
          weights  | tensor model text
          engine   | tensor model text
          topology | record engine
          ops      | record engine
          client   | record
          worker   | record tensor text hub model cpu metal weights engine topology ops
          cli      | record tensor text hub model cpu metal weights engine topology ops client worker
          """);

  private static JavaClasses house;

  @BeforeAll
  static void readClasses() {
    house =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(HOUSE);
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void shouldUseOnlyTheRoomsItMayKnow(String room) {
    String[] allowed =
        Stream.concat(Stream.of(room), ROOMS.get(room).stream())
            .map(RoomsTest::packageOf)
            .toArray(String[]::new);

    classes()
        .that()
        .resideInAPackage(packageOf(room))
        .should()
        .onlyDependOnClassesThat(
            not(resideInAPackage(HOUSE + "..")).or(resideInAnyPackage(allowed)))
        .allowEmptyShould(true)
        .check(house);
  }

  @Test
  void shouldHaveNoClassOutsideTheRooms() {
    assertThat(house.stream().map(JavaClass::getPackageName).map(RoomsTest::roomOf).distinct())
        .allSatisfy(room -> assertThat(ROOMS).containsKey(room));
  }

  @Test
  void shouldHaveNoCyclesBetweenRooms() {
    slices()
        .matching(HOUSE + ".(*)..")
        .should()
        .beFreeOfCycles()
        .allowEmptyShould(true)
        .check(house);
  }

  @Test
  void shouldAllowOnlyKnownRoomsWithoutCycles() {
    // Each round takes away the rooms that use only rooms already taken away; a cycle would stay.
    Map<String, Set<String>> left = new TreeMap<>(ROOMS);
    while (left.entrySet()
        .removeIf(room -> room.getValue().stream().noneMatch(left::containsKey))) {}

    assertThat(left).isEmpty();
    assertThat(ROOMS.keySet()).containsAll(ROOMS.values().stream().flatMap(Set::stream).toList());
  }

  @Test
  void shouldExitOnlyFromTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackage(packageOf("cli"))
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .allowEmptyShould(true)
        .check(house);
  }

  @Test
  void shouldLogThroughSlf4j() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAnyPackage("java.util.logging..", "org.apache.logging.."))
        .allowEmptyShould(true)
        .check(house);
  }

  static Stream<String> rooms() {
    return ROOMS.keySet().stream();
  }

  private static String packageOf(String room) {
    return HOUSE + "." + room + "..";
  }

  private static String roomOf(String packageName) {
    return packageName.replaceFirst("^io\\.millrace\\.?", "").replaceFirst("\\..*", "");
  }

  private static Map<String, Set<String>> table(String rows) {
    Map<String, Set<String>> table = new TreeMap<>();
    for (String row : rows.lines().toList()) {
      String[] cells = row.split("\\|", 2);
      table.put(
          cells[0].strip(),
          Arrays.stream(cells[1].strip().split("\\s+"))
              .filter(use -> !use.isEmpty())
              .collect(toUnmodifiableSet()));
    }
    return Map.copyOf(table);
  }
}

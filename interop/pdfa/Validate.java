import java.io.FileInputStream;
import java.util.List;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/**
 * Holds certificates to PDF/A-3a and PDF/UA-1 by veraPDF, the reference validator.
 * By hand, with Java and Maven:
 *
 *   mvn -q dependency:copy-dependencies -DoutputDirectory=lib
 *   java -cp 'lib/*' Validate.java FILE.pdf…
 *
 * It ends with 1 if a file breaks a rule, and names the rules.
 */
public class Validate {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    boolean good = files.length > 0;
    for (String file : files) {
      for (PDFAFlavour flavour : List.of(PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1)) {
        try (var parser = Foundries.defaultInstance().createParser(new FileInputStream(file), flavour);
            var validator = Foundries.defaultInstance().createValidator(flavour, false)) {
          var result = validator.validate(parser);
          good &= result.isCompliant();
          System.out.println(file + " " + flavour + ": " + result.isCompliant() + ", " + result.getTotalAssertions() + " checks");
          result.getTestAssertions().stream().filter(a -> a.getStatus() == TestAssertion.Status.FAILED)
              .map(a -> "  " + a.getRuleId().getClause() + " " + a.getMessage()).distinct().forEach(System.out::println);
        }
      }
    }
    System.exit(good ? 0 : 1);
  }
}

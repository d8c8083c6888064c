namespace AgentReadiness.Evals.Readers;

/// <summary>
/// Formats that are known and not read. A file of one of them is told so by name, with the way to one that is read, and is not taken for
/// something that it resembles.
/// </summary>
internal static class OtherFormats
{
    private const string ToJUnit = "write JUnit XML instead";
    private const string ToNative = "convert it to the native format";

    private static readonly Dictionary<string, string> Xml = new(StringComparer.Ordinal)
    {
        ["TestRun"] = $"TRX of Visual Studio: {ToJUnit} (package JunitXml.TestLogger, dotnet test --logger junit)",
        ["test-run"] = $"NUnit's: {ToJUnit} (package JunitXml.TestLogger, dotnet test --logger junit)",
        ["test-results"] = $"NUnit 2's: {ToJUnit}",
        ["assemblies"] = $"xUnit.net's: {ToJUnit} (package JunitXml.TestLogger, dotnet test --logger junit)",
        ["assembly"] = $"xUnit.net's: {ToJUnit} (package JunitXml.TestLogger, dotnet test --logger junit)",
        ["testng-results"] = $"TestNG's own: give the files of its folder junitreports",
        ["robot"] = $"Robot Framework's own: {ToJUnit} (robot --xunit)",
        ["events"] = $"Open Test Reporting: {ToJUnit} (JUnit Platform's legacy XML)",
        ["execution"] = $"Open Test Reporting: {ToJUnit} (JUnit Platform's legacy XML)",
        ["testExecutions"] = $"SonarQube's: {ToJUnit}",
        ["Site"] = $"CTest's own: {ToJUnit} (ctest --output-junit)",
        ["Catch"] = $"Catch2's own: {ToJUnit} (--reporter junit)",
        ["Catch2TestRun"] = $"Catch2's own: {ToJUnit} (--reporter junit)",
        ["doctest"] = $"doctest's own: {ToJUnit} (--reporters=junit)",
        ["promptfoo"] = "promptfoo's XML: write JSON instead (promptfoo eval -o results.json)",
        ["coverage"] = "a coverage report, which has no cases",
        ["checkstyle"] = "Checkstyle's, which has no cases",
        ["html"] = "a page for people",
    };

    // The keys of a document, as ResultsReader notes them: with [] after a list and {} after an object.
    private static readonly (string Name, string[] Keys)[] Json =
    [
        ($"CTRF: {ToNative}, or {ToJUnit}", ["results{}", "results.tests[]"]),
        ($"CTRF: {ToNative}, or {ToJUnit}", ["results{}", "reportFormat"]),
        (
            $"lm-evaluation-harness's results, which are means and no cases: {ToNative} from its samples (--log_samples)",
            ["results{}", "n-shot{}"]
        ),
        (
            $"lm-evaluation-harness's results, which are means and no cases: {ToNative} from its samples (--log_samples)",
            ["results{}", "configs{}"]
        ),
        (
            $"lm-evaluation-harness's results, which are means and no cases: {ToNative} from its samples (--log_samples)",
            ["results{}", "versions{}"]
        ),
        ($"samples of lm-evaluation-harness: {ToNative}", ["doc_id", "doc{}"]),
        ($"Jest's own: {ToJUnit} (package jest-junit)", ["numTotalTests", "testResults[]"]),
        ($"Mocha's own: {ToJUnit} (package mocha-junit-reporter)", ["stats{}", "tests[]", "passes[]"]),
        ($"Playwright's own: {ToJUnit} (--reporter=junit)", ["config{}", "suites[]", "errors[]"]),
        ($"pytest-json-report: {ToJUnit} (pytest --junitxml)", ["exitcode", "tests[]"]),
        ($"RSpec's own: {ToJUnit} (gem rspec_junit_formatter)", ["examples[]", "summary_line"]),
        ($"go test -json: {ToJUnit} (gotestsum --junitfile)", ["Action", "Package"]),
        ($"Cucumber's: {ToJUnit}", ["elements[]", "keyword"]),
        ("SARIF, which has no cases", ["$schema", "runs[]"]),
        ($"the log of OpenAI's older evals: {ToNative}", ["spec{}"]),
        ($"the log of OpenAI's older evals: {ToNative}", ["run_id", "event_id"]),
        ($"Allure's: {ToJUnit}", ["uuid", "historyId"]),
    ];

    /// <summary>What XML with such a root is, for a message.</summary>
    public static string OfXml(string root) =>
        Xml.TryGetValue(root, out var name) ? $"<{root}> is {name}; it is not supported" : $"XML, but <{root}> is not of JUnit";

    /// <summary>What JSON with such keys is, for a message; null where nobody knows.</summary>
    public static string? OfJson(IReadOnlySet<string> keys)
    {
        var name = Json.FirstOrDefault(format => Array.TrueForAll(format.Keys, keys.Contains)).Name;
        return name is null ? null : $"this is {name}; it is not supported";
    }
}

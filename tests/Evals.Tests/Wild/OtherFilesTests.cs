namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>Files of formats that are not read are told what they are, and encodings are read or named.</summary>
public sealed class OtherFilesTests
{
    private const string Native = """{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "Grüße €", "passed": true}]}""";

    private const string Text = """<testsuite name="s" tests="1"><testcase classname="Grüße" name="café"/></testsuite>""";

    [Theory]
    [InlineData(
        """{"results": {"tool": {"name": "jest"}, "summary": {"tests": 1}, "tests": [{"name": "a", "status": "passed"}]}}""",
        "CTRF"
    )]
    [InlineData("""{"reportFormat": "CTRF", "specVersion": "0.0.0", "results": {"tool": {}, "summary": {}, "tests": []}}""", "CTRF")]
    [InlineData(
        """{"results": {"arc": {"acc,none": 0.9}}, "group_subtasks": {}, "configs": {}, "versions": {}, "n-shot": {}}""",
        "lm-evaluation-harness"
    )]
    [InlineData("""{"results": {"arc": {"acc": 0.9}}, "versions": {"arc": 0}, "config": {"model": "x"}}""", "lm-evaluation-harness")]
    [InlineData("""{"doc_id": 0, "doc": {"q": 1}, "target": "a", "resps": [["a"]], "acc": 1.0}""", "lm-evaluation-harness")]
    [InlineData("""{"numFailedTests": 0, "numTotalTests": 1, "success": true, "testResults": []}""", "jest-junit")]
    [InlineData("""{"stats": {"passes": 1}, "tests": [], "pending": [], "failures": [], "passes": []}""", "mocha-junit-reporter")]
    [InlineData("""{"config": {}, "suites": [], "errors": [], "stats": {}}""", "Playwright")]
    [InlineData("""{"created": 1, "exitcode": 0, "summary": {}, "tests": []}""", "pytest --junitxml")]
    [InlineData("""{"Time": "x", "Action": "pass", "Package": "a", "Elapsed": 1}""", "gotestsum")]
    [InlineData("""<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"/>""", "TRX")]
    [InlineData("<assemblies/>", "xUnit.net")]
    [InlineData("<test-run result=\"Passed\"/>", "NUnit")]
    [InlineData("<testng-results/>", "junitreports")]
    [InlineData("<robot/>", "--xunit")]
    [InlineData("<promptfoo/>", "JSON instead")]
    [InlineData("<html/>", "a page for people")]
    public void Known_formats_that_are_not_read_are_named(string file, string name)
    {
        var problem = ResultsFiles.Read(file).Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.UnknownFormat);
        problem.Message.ShouldContain(name);
        problem.Message.ShouldContain("not supported");
    }

    [Fact]
    public void What_nobody_knows_is_not_promptfoos()
    {
        var problem = ResultsFiles.Read("""{"results": {"anything": 1}, "other": 2}""").Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.UnknownFormat);
        problem.Message.ShouldNotContain("promptfoo");
    }

    [Theory]
    [InlineData("windows-1252")]
    [InlineData("iso-8859-1")]
    [InlineData("iso-8859-15")]
    [InlineData("windows-1250")]
    [InlineData("ibm850")]
    [InlineData("utf-16")]
    [InlineData("utf-8")]
    public void XML_is_read_in_the_encoding_that_it_declares(string name)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(name);
        var text = $"""<?xml version="1.0" encoding="{name}"?>""" + Text;
        ResultsFiles.Summary(ResultsFiles.Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)])).ShouldBe(["Grüße.café=Passed:1"]);
    }

    [Fact]
    public void An_encoding_that_nobody_knows_is_named()
    {
        var problem = ResultsFiles.Read("""<?xml version="1.0" encoding="klingon-8"?>""" + Text).Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.ResultsUnreadable);
        problem.Message.ShouldContain("encoding");
        problem.Message.ShouldContain("klingon-8");
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void JSON_in_UTF_16_is_read(bool bigEndian, bool marked)
    {
        var encoding = new UnicodeEncoding(bigEndian, marked);
        foreach (var text in (string[])[Native, ResultsFiles.Text("native.jsonl"), ResultsFiles.Text("promptfoo-v3.json")])
        {
            var wide = ResultsFiles.Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            wide.Problems.ShouldBeEmpty();
            ResultsFiles.Summary(wide).ShouldBe(ResultsFiles.Summary(ResultsFiles.Read(text)));
            using var stream = new MemoryStream([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            ResultsReader.FormatOf(stream).ShouldBe(wide.Format);
        }
    }

    [Fact]
    public void Half_a_character_and_wider_encodings_are_faults_of_the_file()
    {
        var bytes = Encoding.Unicode.GetBytes(Native.Replace("€", "\ud83d", StringComparison.Ordinal));
        // A lone half of a pair, written as it is.
        var at = Encoding.Unicode.GetBytes(Native[..Native.IndexOf('€', StringComparison.Ordinal)]).Length;
        (bytes[at], bytes[at + 1]) = (0x3D, 0xD8);
        foreach (var (file, word) in ((byte[], string)[])[([0xFF, 0xFE, .. bytes], "UTF-16"), (Encoding.UTF32.GetPreamble(), "UTF-32")])
        {
            var problem = ResultsFiles.Read(file).Problems.Single();
            problem.Reason.ShouldBe(EvalReasons.ResultsUnreadable);
            problem.Message.ShouldContain(word);
            problem.Message.ShouldNotContain("XML");
        }
    }

    [Fact]
    public void Half_a_file_in_UTF_16_is_never_used()
    {
        byte[] whole = [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Native)];
        for (var length = 0; length < whole.Length; length++)
            ResultsFiles.Read(whole[..length]).Problems.ShouldNotBeEmpty($"{length} bytes");
    }

    [Fact]
    public void A_wrong_count_names_what_would_be_right_and_what_to_do()
    {
        var problem = ResultsFiles
            .Read("""<testsuite name="s" tests="5"><testcase classname="a" name="b"><rerunFailure/></testcase></testsuite>""")
            .Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.CountsDisagree);
        problem.Message.ShouldContain("tests is 5, but 1 or 2 would be right");
        problem.Message.ShouldContain("as its tool wrote it");
    }
}

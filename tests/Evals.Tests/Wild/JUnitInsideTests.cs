using AgentReadiness.Contracts.Evals;
using CsCheck;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>JUnit: elements one level further in, and what a suite says of itself.</summary>
public sealed class JUnitInsideTests
{
    private static readonly string[] Places =
    [
        "<properties><property name=\"r\" value=\"x\">HERE</property></properties>",
        "<properties>HERE</properties>",
        "<system-out>HERE</system-out>",
        "<system-err>x HERE</system-err>",
        "<system-out><b>HERE</b></system-out>",
    ];

    [Fact]
    public void No_element_further_in_passes() =>
        Gen.Select(
                Gen.Int[0, Places.Length - 1],
                Gen.Bool,
                Gen.OneOf(Gen.Const("failure"), Gen.Const("error"), Gen.Const("testcase"), Gen.String[Gen.Char['a', 'z'], 1, 9])
            )
            .Where((_, _, element) => element != "property")
            .Sample(
                (place, suite, element) =>
                {
                    var inside = Places[place].Replace("HERE", $"<{element}/>", StringComparison.Ordinal);
                    return ResultsFiles.Verdict(File(string.Empty, suite ? inside : string.Empty, suite ? string.Empty : inside))
                        != EvalPhase.Passed;
                },
                iter: 1_000
            );

    [Theory]
    [InlineData("", "<skipped/>")]
    [InlineData("status=\"skipped\"", "")]
    [InlineData("result=\"Skipped\"", "")]
    [InlineData("result=\"disabled\"", "")]
    [InlineData("success=\"0\"", "")]
    [InlineData("passed=\"0\"", "")]
    [InlineData("status=\"1\"", "")]
    [InlineData("status=\"0\"", "")]
    [InlineData("timeout=\"true\"", "")]
    [InlineData("todo=\"yes\"", "")]
    [InlineData("failed=\"150\"", "")]
    [InlineData("Failures=\"40\"", "")]
    [InlineData("ERRORS=\"1\"", "")]
    [InlineData("Skipped=\"2\"", "")]
    [InlineData("xmlns:q=\"u:q\" q:status=\"failed\"", "")]
    [InlineData("xmlns:xsi=\"u:q\" xsi:status=\"failed\"", "")]
    [InlineData("xml:result=\"failed\"", "")]
    public void A_suite_that_says_otherwise_of_itself(string attributes, string elements) =>
        ResultsFiles.Verdict(File(attributes, elements, string.Empty)).ShouldBe(EvalPhase.Error);

    [Fact]
    public void A_count_in_other_words_beside_fewer_failures()
    {
        static EvalPhase Of(int count) =>
            ResultsFiles.Verdict(
                $"""
                <testsuite name="s" failed="{count}" errored="0"><testcase name="f"><failure/></testcase>
                {string.Concat(Enumerable.Range(0, 9).Select(i => $"<testcase name=\"{i}\"/>"))}</testsuite>
                """
            );
        Of(2).ShouldBe(EvalPhase.Error);
        Of(1).ShouldNotBe(EvalPhase.Error);
    }

    [Theory]
    [InlineData("assertions=\"-1\"")]
    [InlineData("assertions=\"zero\"")]
    [InlineData("assertions=\" 0 \"")]
    [InlineData("assertions=\"\"")]
    [InlineData("xmlns:q=\"u:q\" q:status=\"failed\"")]
    [InlineData("xmlns:xsi=\"u:q\" xsi:status=\"aborted\"")]
    [InlineData("xml:result=\"failed\"")]
    public void A_case_that_says_otherwise_of_itself(string attributes) =>
        ResultsFiles
            .Verdict($"""<testsuite name="s"><testcase classname="a" name="b" {attributes}/></testsuite>""")
            .ShouldBeOneOf(EvalPhase.Error, EvalPhase.Failed);

    [Theory]
    [InlineData("timeout=\"30\" disabled=\"0\" passed=\"1\" failed=\"0\" success=\"true\" status=\"passed\"")]
    [InlineData("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"a.xsd\"")]
    public void A_suite_that_says_what_its_cases_say(string attributes) =>
        ResultsFiles
            .Verdict(
                File(attributes, "<properties><property name=\"a\">b</property></properties><system-out>x</system-out>", "<system-err/>")
            )
            .ShouldBe(EvalPhase.Passed);

    [Fact]
    public void A_rerun_as_Surefire_writes_it_is_no_fault() =>
        ResultsFiles
            .Read(
                File(
                    string.Empty,
                    string.Empty,
                    "<flakyFailure message=\"x\"><stackTrace>y</stackTrace><system-out>z</system-out></flakyFailure>"
                )
            )
            .Cases.Single()
            .Outcome.ShouldBe(CaseOutcome.Failed);

    private static string File(string suite, string inSuite, string inCase) =>
        $"""<testsuite name="s" {suite}>{inSuite}<testcase classname="a" name="b">{inCase}</testcase></testsuite>""";
}

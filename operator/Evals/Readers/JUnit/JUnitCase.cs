using System.Globalization;
using System.Text;

namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>
/// One <c>testcase</c>. It passes where each of its elements and each attribute that tells an outcome is known, and none says otherwise;
/// what is not known makes it errored, with the name or word.
/// </summary>
internal sealed class JUnitCase(JUnitXml xml)
{
    private readonly List<string> tags = [];
    private CaseOutcome byElement = CaseOutcome.Passed;
    private CaseOutcome byWord = CaseOutcome.Passed;
    private bool asserted = true;
    private bool disabled;
    private bool worded;
    private double? seconds;
    private string? fault;
    private string? unknown;

    public string Class { get; private set; } = string.Empty;

    public string Name { get; private set; } = string.Empty;

    /// <summary>How often it ran and failed before the result that counts.</summary>
    public int Lost { get; private set; }

    /// <summary>What of it is counted.</summary>
    public JUnitTally Tally { get; } = new();

    /// <summary>
    /// gotestsum and jest-junit write a case of such a name where a suite fails before its tests, and do not count it as one.
    /// </summary>
    private bool IsBrokenSuite =>
        byElement is CaseOutcome.Failed or CaseOutcome.Errored
        && ((Class.Length == 0 && Name == "TestMain") || Class == "Test suite failed to run");

    public void Read()
    {
        Attributes();
        xml.Children(Element, text => unknown ??= $"the text \"{JUnitXml.Short(text)}\" in it is not understood");
        Count();
    }

    /// <summary>The measurement; further ones, all failed, are the runs that were lost.</summary>
    public Measurement ToMeasurement(string id)
    {
        var outcome = Worse(byElement, byWord);
        if (IsBrokenSuite)
            (outcome, fault) = (CaseOutcome.Errored, "the suite failed before or beside its tests");
        // What failed by an element that is known did fail, whatever else is said of it.
        if (unknown is not null && outcome is CaseOutcome.Passed or CaseOutcome.Skipped)
            (outcome, fault) = (CaseOutcome.Errored, unknown);
        // Pester says 0 of every case, and NUnit does where other libraries assert. Those have a word for the outcome, PHPUnit has none.
        if (outcome == CaseOutcome.Passed && !asserted && !worded)
            (outcome, fault) = (CaseOutcome.Skipped, "it asserted nothing");
        return Measurement.Of(id, outcome) with { Tags = tags, LatencySeconds = seconds, Fault = fault };
    }

    /// <summary>A run of it that was lost.</summary>
    public Measurement ToLost(string id) => Measurement.Of(id, CaseOutcome.Failed) with { Tags = tags };

    private static CaseOutcome Worse(CaseOutcome one, CaseOutcome other)
    {
        static int Weight(CaseOutcome outcome) =>
            outcome switch
            {
                CaseOutcome.Passed => 0,
                CaseOutcome.Skipped => 1,
                CaseOutcome.Failed => 2,
                _ => 3,
            };
        return Weight(one) >= Weight(other) ? one : other;
    }

    private void Attributes()
    {
        foreach (var (name, value) in xml.Attributes())
        {
            switch (name)
            {
                case "classname":
                    Class = value;
                    break;
                case "name":
                    Name = value;
                    break;
                case "time":
                    seconds = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var time) ? time : null;
                    break;
                // PHPUnit and others say how many assertions a case made.
                case "assertions":
                    if (int.TryParse(value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                        asserted = count > 0;
                    else
                        unknown ??= $"assertions is \"{JUnitXml.Short(value)}\", and no number";
                    break;
                default:
                    Word(name, value);
                    break;
            }
        }
    }

    private void Word(string name, string value)
    {
        // No tool is known to write such a name; one can look like another.
        if (!Ascii.IsValid(name))
            unknown ??= $"the attribute {JUnitXml.Short(name)} is not understood";
        if (!StatusWords.TellsOutcome(name))
            return;
        worded |= value.Length > 0 && !StatusWords.IsDenial(name);
        disabled |= StatusWords.IsDisabled(value);
        if (StatusWords.Said(name, value) is { } outcome)
            byWord = Worse(byWord, outcome);
        else
            unknown ??= $"{name} is \"{JUnitXml.Short(value)}\", which is not understood";
    }

    private void Element()
    {
        switch (xml.Known)
        {
            case "error":
                byElement = CaseOutcome.Errored;
                Tally[JUnitNumber.Errors]++;
                fault ??= xml.Attribute("message");
                break;
            case "failure":
                byElement = Worse(byElement, CaseOutcome.Failed);
                Tally[JUnitNumber.Failures]++;
                break;
            case "skipped":
                byElement = Worse(byElement, CaseOutcome.Skipped);
                Tally[JUnitNumber.Skips]++;
                xml.Skip(Inner);
                return;
            case "rerunFailure":
                Lose(JUnitNumber.RerunFailures);
                return;
            case "rerunError":
                Lose(JUnitNumber.RerunErrors);
                return;
            case "flakyFailure":
                Lose(JUnitNumber.FlakyFailures);
                return;
            case "flakyError":
                Lose(JUnitNumber.FlakyErrors);
                return;
            case "properties":
                xml.Children(Property);
                return;
            case "system-out" or "system-err":
                xml.Skip(Inner);
                return;
            case "testcase" or "testsuite":
                throw ResultsException.Unreadable($"case {JUnitXml.Short($"{Class}.{Name}")}: a <{xml.Name}> inside a <testcase>");
            default:
                unknown ??= $"the element <{JUnitXml.Short(xml.Name)}> in it is not understood";
                break;
        }
        xml.Skip();
    }

    // In a text, a property or a skip there is no element that says anything.
    private void Inner() => unknown ??= $"the element <{JUnitXml.Short(xml.Name)}> further in is not understood";

    private void Lose(JUnitNumber number)
    {
        Lost++;
        Tally[number]++;
        // As Surefire writes it.
        xml.Skip(() =>
        {
            if (xml.Known is not ("stackTrace" or "system-out" or "system-err"))
                Inner();
        });
    }

    // pytest's record_property("tag", "safety"); several of them, or several in one.
    private void Property()
    {
        if (xml.Known != "property")
            unknown ??= $"the element <{JUnitXml.Short(xml.Name)}> in its properties is not understood";
        else if (xml.Attribute("name") is "tag" or "tags" && xml.Attribute("value") is { } value)
            tags.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        xml.Skip(Inner);
    }

    // As the tool may have counted it, which knows its own words.
    private void Count()
    {
        if (IsBrokenSuite)
        {
            Tally[JUnitNumber.Broken] = 1;
            Tally[JUnitNumber.Failures] = 0;
            Tally[JUnitNumber.Errors] = 0;
            return;
        }
        var said = Worse(byElement, byWord);
        // A word of failure that an element repeats, such as the failure="…" of node, is known by it.
        if (unknown is not null && byElement is CaseOutcome.Passed or CaseOutcome.Skipped)
            Tally[JUnitNumber.Unknown] = 1;
        Tally[JUnitNumber.Cases] = 1;
        Tally[JUnitNumber.Failed] = said == CaseOutcome.Failed ? 1 : 0;
        Tally[JUnitNumber.Errored] = said == CaseOutcome.Errored ? 1 : 0;
        Tally[JUnitNumber.Skipped] = said == CaseOutcome.Skipped ? 1 : 0;
        Tally[JUnitNumber.Disabled] = said == CaseOutcome.Skipped && disabled ? 1 : 0;
        Tally[JUnitNumber.Statements] = Math.Max(1, Tally[JUnitNumber.Failures] + Tally[JUnitNumber.Errors] + Tally[JUnitNumber.Skips]);
    }
}

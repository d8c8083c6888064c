using System.Globalization;

namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>
/// What a suite declares and what is in it. Tools count in several ways, and each way that is known is listed here; a count that is right
/// in none of them means that the file is not what its tool wrote.
/// </summary>
internal sealed class JUnitCounts
{
    private static readonly HashSet<string> Counted = new(["tests", "failures", "errors", "skipped"], StringComparer.Ordinal);

    // Counts of what nobody measured, or settings: as numbers they say nothing against the suite.
    private static readonly HashSet<string> Harmless = new(
        ["disabled", "ignored", "pending", "todo", "notrun", "flaky", "timeout"],
        StringComparer.OrdinalIgnoreCase
    );

    private const string Todo = "; jest-junit writes each test.todo as a case without a result: take those tests out";

    private readonly Dictionary<string, string> declared = new(StringComparer.Ordinal);
    private readonly JUnitCounts? root;
    private readonly JUnitTally own = new();
    private readonly JUnitTally all = new();
    private readonly JUnitTally children = new();
    private readonly List<(string Name, string Value)> words = [];
    private readonly HashSet<string> properties = new(StringComparer.Ordinal);
    private readonly bool doctest;
    private int unwritten;

    /// <summary>Begins a suite at the current element.</summary>
    public JUnitCounts(JUnitXml xml, JUnitCounts? root)
    {
        this.root = root;
        foreach (var (name, value) in xml.Attributes())
        {
            if (name == "name")
                Name = value;
            else if (Counted.Contains(name))
                declared[name] = value;
            else if (name == "doctest_version")
                doctest = true;
            else if (StatusWords.TellsOutcome(name) && !(Harmless.Contains(name) && IsNumber(value)))
                words.Add((name, value));
        }
    }

    /// <summary>Of the suite; may be empty.</summary>
    public string Name { get; } = string.Empty;

    /// <summary>Whether anything in the suite, or in one that is nested in it, is not good.</summary>
    public bool AnyBad => Bad(all) > 0;

    // Where only passes are missing, no score is the better for it: failures, errors and skips are counted one by one all the same.
    private bool CountsAssertions => doctest || (properties.Contains("random-seed") && properties.Contains("filters"));

    private bool CountsSubtests => Name is "pytest" or "pytest tests" || root?.Name == "pytest tests";

    /// <summary>Takes a case's numbers.</summary>
    public void Add(JUnitTally one)
    {
        own.Add(one);
        all.Add(one);
        children.Add(one);
    }

    /// <summary>Takes a nested suite.</summary>
    public void Add(JUnitCounts suite)
    {
        all.Add(suite.all);
        children.AddAsChild(suite.all);
    }

    /// <summary>The suite broke down.</summary>
    public void Broke() => Note(JUnitNumber.Broken);

    /// <summary>The suite holds what is not understood.</summary>
    public void Misunderstood() => Note(JUnitNumber.Unknown);

    /// <summary>The suite says something of itself.</summary>
    public void Word(string name, string value) => words.Add((name, value));

    /// <summary>A property of the suite, at the current element.</summary>
    public void Property(JUnitXml xml, Action inner)
    {
        if (xml.Attribute("name") is { Length: <= 64 } property && properties.Count < 1000)
            properties.Add(property);
        xml.Skip(inner);
    }

    /// <summary>What the suite's own attributes say against it, where no case of it says so; null where there is nothing.</summary>
    public string? NotUnderstood()
    {
        foreach (var (name, value) in words)
        {
            if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                if (!Holds(name, number))
                    return $"{name} is {number}, and the cases of it do not say so";
                continue;
            }
            var said = StatusWords.Said(name, value);
            if (
                said is null
                || (said is CaseOutcome.Failed or CaseOutcome.Errored && !AnyBad)
                || (said is CaseOutcome.Skipped && Passes > 0)
            )
                return $"{name} is \"{JUnitXml.Short(value)}\", which {(said is null ? "is not understood" : "no case of it says")}";
        }
        return null;
    }

    /// <summary>Holds the declared counts to what was read.</summary>
    /// <exception cref="ResultsException">One of them is wrong however one counts.</exception>
    public void Check()
    {
        foreach (var (count, text) in declared)
        {
            if (Number(count) is not { } number)
                throw ResultsException.Disagree($"suite {Name}: {count} is \"{JUnitXml.Short(text)}\", and no number");
            var expected = Expected(count).Distinct().ToList();
            if (expected.Contains(number) || Spared(count, number, expected.Min()))
                continue;
            var right = string.Join(" or ", expected.Order().Select(one => one.ToString(CultureInfo.InvariantCulture)));
            var todo = count == "tests" && number < all[JUnitNumber.Cases] ? Todo : string.Empty;
            throw ResultsException.Disagree(
                $"suite {Name}: {count} is {text}, but {right} would be right for what is in it. Give the file as its tool wrote it, and "
                    + $"report the tool's name if it is; after cases were taken out or put in, correct the counts or leave them out{todo}"
            );
        }
        if (unwritten > 0 && unwritten != Missing())
            throw ResultsException.Disagree(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the suites count {unwritten} cases more than they hold, but {Missing()} skipped ones are not written"
                )
            );
    }

    // Cases that passed, at least.
    private int Passes => all[JUnitNumber.Cases] - Bad(all) - all[JUnitNumber.Skipped];

    private static bool IsNumber(string value) => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    /// <summary>Whether a number fits, under a name that tells an outcome and that is none of the counts of every tool.</summary>
    private bool Holds(string name, int number)
    {
        if (StatusWords.IsDenial(name))
        {
            var most = StatusWords.Counted(name) switch
            {
                CaseOutcome.Failed or CaseOutcome.Errored => Expected("failures").Max()
                    + Expected("errors").Max()
                    + all[JUnitNumber.Unknown]
                    + all[JUnitNumber.Broken],
                CaseOutcome.Skipped => Expected("skipped").Max() + all[JUnitNumber.Unknown],
                _ => Bad(all),
            };
            return number <= most;
        }
        // A status of 1 is mostly a failure. Elsewhere 1 may be a truth, and else it is a count, of which the cases cannot say more.
        return StatusWords.CanCount(name) && (number >= Math.Max(Passes, 0) || (number == 1 && !AnyBad));
    }

    private static int Bad(JUnitTally tally) =>
        tally[JUnitNumber.Failed] + tally[JUnitNumber.Errored] + tally[JUnitNumber.Unknown] + tally[JUnitNumber.Broken];

    private static IEnumerable<int> TestsOf(JUnitTally tally)
    {
        var cases = tally[JUnitNumber.Cases];
        var flaky = tally[JUnitNumber.FlakyFailures] + tally[JUnitNumber.FlakyErrors];
        var reruns = tally[JUnitNumber.RerunFailures] + tally[JUnitNumber.RerunErrors];
        return
        [
            cases,
            cases + tally[JUnitNumber.Broken],
            // Older versions of Surefire count each run.
            cases + flaky,
            cases + reruns,
            cases + flaky + reruns,
            // unittest-xml-reporting counts each subtest that failed.
            tally[JUnitNumber.Statements],
        ];
    }

    private static IEnumerable<int> BadOf(
        JUnitTally tally,
        (JUnitNumber Case, JUnitNumber Element) kind,
        JUnitNumber rerun,
        JUnitNumber flaky
    ) =>
        [
            tally[kind.Case],
            tally[kind.Element],
            tally[kind.Element] + tally[rerun],
            tally[kind.Element] + tally[flaky],
            tally[kind.Element] + tally[rerun] + tally[flaky],
        ];

    private static IEnumerable<int> FailuresOf(JUnitTally tally) =>
        BadOf(tally, (JUnitNumber.Failed, JUnitNumber.Failures), JUnitNumber.RerunFailures, JUnitNumber.FlakyFailures);

    private static IEnumerable<int> ErrorsOf(JUnitTally tally) =>
        BadOf(tally, (JUnitNumber.Errored, JUnitNumber.Errors), JUnitNumber.RerunErrors, JUnitNumber.FlakyErrors);

    private IEnumerable<int> Expected(string count)
    {
        // Of the suite alone, with the suites in it, or of its immediate children, as node --test counts.
        JUnitTally[] tallies = [own, all, children];
        return count switch
        {
            "tests" => tallies
                .SelectMany(TestsOf)
                .Concat(Number("skipped") is { } skipped ? tallies.Select(one => WithSkips(one, skipped)) : []),
            "failures" when !declared.ContainsKey("errors") => tallies.SelectMany(one =>
                FailuresOf(one).Concat(FailuresOf(one).Zip(ErrorsOf(one), (failures, errors) => failures + errors))
            ),
            "failures" => tallies.SelectMany(FailuresOf),
            "errors" => tallies.SelectMany(ErrorsOf),
            _ => tallies.SelectMany<JUnitTally, int>(one =>
                [one[JUnitNumber.Skipped], one[JUnitNumber.Skips], one[JUnitNumber.Skipped] - one[JUnitNumber.Disabled]]
            ),
        };
    }

    // Skipped cases that are counted and not written.
    private static int WithSkips(JUnitTally tally, int skipped) =>
        tally[JUnitNumber.Cases] + Math.Max(0, skipped - Math.Max(tally[JUnitNumber.Skipped], tally[JUnitNumber.Skips]));

    // What is right although no sum says so.
    private bool Spared(string count, int number, int least)
    {
        if (count == "tests")
            return CountsAssertions || (number > all[JUnitNumber.Cases] && (CountsSubtests || Unwritten(number)));
        if (count == "skipped")
            return root is null && unwritten > 0 && number > least;
        // A case that nobody understands is a failure to one tool and an error to another.
        // And gotestsum counts the lines that a failed build said.
        var open = all[JUnitNumber.Unknown] + all[JUnitNumber.Broken];
        return number > least && (number <= Expected(count).Max() + open || (count == "errors" && all[JUnitNumber.Broken] > 0));
    }

    // mocha-junit-reporter counts pending tests in their suite, says how many they are at the end, and does not write them.
    private bool Unwritten(int number)
    {
        if (root?.Number("skipped") is null || declared.ContainsKey("skipped"))
            return false;
        root.unwritten += number - all[JUnitNumber.Cases];
        return true;
    }

    private int Missing() => Math.Max(0, (Number("skipped") ?? 0) - all[JUnitNumber.Skips]);

    private int? Number(string count) =>
        declared.TryGetValue(count, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private void Note(JUnitNumber number)
    {
        own[number]++;
        all[number]++;
        children[number]++;
    }
}

using System.Globalization;
using System.Xml;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// JUnit XML as pytest, Maven Surefire and gotestsum write it: <c>testsuites</c> or <c>testsuite</c>, nested at will. A case is worth
/// 1 or 0. The same class and name again is a repeat, and so is each failure of a rerun that Surefire lists inside a case: a test that
/// passes at the second try passed half the time. Declared counts must agree with the cases, of the suite alone or with its nested ones.
/// </summary>
internal sealed class JUnitReader
{
    private const int MaxDepth = 32;

    private readonly CaseCollector cases = new();
    private readonly XmlReader xml;

    private JUnitReader(XmlReader xml) => this.xml = xml;

    public static CaseCollector Read(Stream stream)
    {
        try
        {
            using var bounded = new BoundedTexts(stream);
            using var xml = XmlReader.Create(
                bounded,
                new XmlReaderSettings
                {
                    DtdProcessing = DtdProcessing.Prohibit,
                    XmlResolver = null,
                    MaxCharactersInDocument = ResultsReader.MaxBytes,
                    CloseInput = false,
                }
            );
            xml.MoveToContent();
            if (xml.NodeType != XmlNodeType.Element || xml.LocalName is not ("testsuites" or "testsuite"))
                throw new ResultsException(EvalReasons.UnknownFormat, $"XML, but <{xml.LocalName}> is not of JUnit");
            var reader = new JUnitReader(xml);
            reader.Suite();
            while (xml.Read())
            {
                // Nothing but space and comments may follow; the parser sees to it.
            }
            return reader.cases;
        }
        catch (XmlException exception)
        {
            throw ResultsException.Unreadable($"not XML, cut off, or with a DTD: {exception.Message}", exception);
        }
    }

    private Counts Suite()
    {
        if (xml.Depth > MaxDepth)
            throw ResultsException.Unreadable($"suites nest deeper than {MaxDepth}");
        var name = xml.GetAttribute("name") ?? string.Empty;
        var declared = Counts.Names.Select(count => (count, Text: xml.GetAttribute(count))).Where(count => count.Text is not null).ToList();
        Counts own = new(),
            nested = new();
        Children(() =>
        {
            switch (xml.LocalName)
            {
                case "testsuite":
                    nested.Add(Suite());
                    break;
                case "testcase":
                    Case(name, own);
                    break;
                // The suite itself broke down, for example while it was set up.
                case "error" or "failure":
                    cases.Add(Measurement.Of($"{name} (suite)", CaseOutcome.Errored) with { Fault = xml.GetAttribute("message") });
                    Skip();
                    break;
                default:
                    Skip();
                    break;
            }
        });
        var all = new Counts();
        all.Add(own);
        all.Add(nested);
        foreach (var (count, text) in declared)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw ResultsException.Disagree($"suite {name}: {count} is \"{text}\"");
            if (number != own[count] && number != all[count])
                throw ResultsException.Disagree($"suite {name}: {count} is {number}, but {all[count]} are in it");
        }
        return all;
    }

    private void Case(string suite, Counts counts)
    {
        var group = xml.GetAttribute("classname") is { Length: > 0 } named ? named : suite;
        var id = $"{group}.{xml.GetAttribute("name")}".TrimStart('.');
        var seconds = double.TryParse(xml.GetAttribute("time"), NumberStyles.Float, CultureInfo.InvariantCulture, out var time)
            ? time
            : (double?)null;
        var outcome = Said(xml.GetAttribute("status")) ?? Said(xml.GetAttribute("result")) ?? CaseOutcome.Passed;
        string? fault = null;
        var lost = 0;
        var tags = new List<string>();
        Children(() =>
        {
            switch (xml.LocalName)
            {
                case "error":
                    outcome = CaseOutcome.Errored;
                    fault ??= xml.GetAttribute("message");
                    Skip();
                    break;
                case "failure":
                    outcome = outcome == CaseOutcome.Errored ? outcome : CaseOutcome.Failed;
                    Skip();
                    break;
                case "skipped":
                    outcome = outcome == CaseOutcome.Passed ? CaseOutcome.Skipped : outcome;
                    Skip();
                    break;
                case "rerunFailure" or "rerunError" or "flakyFailure" or "flakyError":
                    lost++;
                    Skip();
                    break;
                case "properties":
                    Children(() => Property(tags));
                    break;
                case "testcase" or "testsuite":
                    throw ResultsException.Unreadable($"case {id}: a <{xml.LocalName}> inside a <testcase>");
                default:
                    Skip();
                    break;
            }
        });
        counts.Count(outcome);
        cases.Add(Measurement.Of(id, outcome) with { Tags = tags, LatencySeconds = seconds, Fault = fault });
        for (; lost > 0; lost--)
            cases.Add(Measurement.Of(id, CaseOutcome.Failed) with { Tags = tags });
    }

    // pytest's record_property("tag", "safety"); several of them, or several in one.
    private void Property(List<string> tags)
    {
        if (xml.LocalName == "property" && xml.GetAttribute("name") is "tag" or "tags" && xml.GetAttribute("value") is { } value)
            tags.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Skip();
    }

    // Not in every dialect, but where it is said, "notrun" must not look like a pass.
    private static CaseOutcome? Said(string? status) =>
        status?.ToLowerInvariant() switch
        {
            "notrun" or "disabled" or "skipped" or "suppressed" or "ignored" or "pending" => CaseOutcome.Skipped,
            "failed" or "failure" or "fail" => CaseOutcome.Failed,
            "error" or "errored" or "broken" => CaseOutcome.Errored,
            _ => null,
        };

    private void Children(Action child)
    {
        if (xml.IsEmptyElement)
            return;
        var depth = xml.Depth;
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.EndElement && xml.Depth == depth)
                return;
            if (xml.NodeType == XmlNodeType.Element)
                child();
        }
    }

    // To the end of the element, unlike XmlReader.Skip, which goes past it.
    private void Skip() =>
        Children(() =>
        {
            if (xml.Depth > 256)
                throw ResultsException.Unreadable("elements nest deeper than 256");
        });

    private sealed class Counts
    {
        public static readonly string[] Names = ["tests", "failures", "errors", "skipped"];

        private readonly int[] numbers = new int[Names.Length];

        public int this[string name] => numbers[Array.IndexOf(Names, name)];

        public void Count(CaseOutcome outcome)
        {
            numbers[0]++;
            numbers[1] += outcome == CaseOutcome.Failed ? 1 : 0;
            numbers[2] += outcome == CaseOutcome.Errored ? 1 : 0;
            numbers[3] += outcome == CaseOutcome.Skipped ? 1 : 0;
        }

        public void Add(Counts other)
        {
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] += other.numbers[i];
        }
    }

    /// <summary>
    /// The parser keeps an attribute in memory however long it is, and in an attribute there is no "&lt;": a long way from one to the
    /// next is refused.
    /// </summary>
    private sealed class BoundedTexts(Stream inner) : Stream
    {
        private const int MaxText = 16 * 1024 * 1024;
        private long run;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, count);
            var after = buffer.AsSpan(offset, read).LastIndexOf((byte)'<');
            run = after < 0 ? run + read : read - after;
            if (run > MaxText)
                throw ResultsException.Unreadable($"a single text of more than {MaxText} bytes");
            return read;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

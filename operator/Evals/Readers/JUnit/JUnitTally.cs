namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>What is counted of the cases of a suite.</summary>
internal enum JUnitNumber
{
    /// <summary>Elements <c>testcase</c>.</summary>
    Cases,

    /// <summary>Cases that failed, by element or word.</summary>
    Failed,

    /// <summary>Cases with an error, by element or word.</summary>
    Errored,

    /// <summary>Cases that were skipped, by element or word.</summary>
    Skipped,

    /// <summary>Skipped cases that were never to be run, as a word says.</summary>
    Disabled,

    /// <summary>Elements <c>failure</c>.</summary>
    Failures,

    /// <summary>Elements <c>error</c>.</summary>
    Errors,

    /// <summary>Elements <c>skipped</c>.</summary>
    Skips,

    /// <summary>Failures, errors and skips of each case, and one for a case without any.</summary>
    Statements,

    /// <summary>Elements <c>rerunFailure</c>.</summary>
    RerunFailures,

    /// <summary>Elements <c>rerunError</c>.</summary>
    RerunErrors,

    /// <summary>Elements <c>flakyFailure</c>.</summary>
    FlakyFailures,

    /// <summary>Elements <c>flakyError</c>.</summary>
    FlakyErrors,

    /// <summary>Cases, or suites, that say something that is not understood: nobody knows how the tool counted them.</summary>
    Unknown,

    /// <summary>Cases that stand for a suite that broke down before its tests.</summary>
    Broken,
}

/// <summary>The numbers of a suite.</summary>
internal sealed class JUnitTally
{
    private readonly int[] numbers = new int[Enum.GetValues<JUnitNumber>().Length];

    public int this[JUnitNumber number]
    {
        get => numbers[(int)number];
        set => numbers[(int)number] = value;
    }

    /// <summary>Adds another one's.</summary>
    public void Add(JUnitTally other)
    {
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] += other.numbers[i];
    }

    /// <summary>Adds a suite as a single child, as <c>node --test</c> counts it: it failed where anything in it did.</summary>
    public void AddAsChild(JUnitTally suite)
    {
        this[JUnitNumber.Cases]++;
        this[JUnitNumber.Failures] += Math.Sign(suite[JUnitNumber.Failures]);
        this[JUnitNumber.Errors] += Math.Sign(suite[JUnitNumber.Errors]);
        this[JUnitNumber.Skips] += Math.Sign(suite[JUnitNumber.Skips]);
        this[JUnitNumber.Unknown] += Math.Sign(suite[JUnitNumber.Unknown]);
    }
}

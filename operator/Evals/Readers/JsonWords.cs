using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// What a JSON result says of its outcome beside the members that its reader knows, and in which words. A reader hands on the members
/// that it does not know; one whose name tells an outcome and whose value is not that of a pass takes the pass away.
/// </summary>
internal sealed class JsonWords(JsonStream json)
{
    private const int MaxWord = 64;

    /// <summary>The first word that speaks against a pass; null where there is none.</summary>
    public string? Fault { get; private set; }

    /// <summary>A value of the file in a message, shortened.</summary>
    public static string Word(JsonScalar value) =>
        value.Kind switch
        {
            JsonValueKind.String => $"\"{Short(value.Text!)}\"",
            JsonValueKind.Number => value.Number.ToString("R", CultureInfo.InvariantCulture),
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => "null",
        };

    /// <summary>
    /// The current value as an error: null where it says that there is none (null, false, an empty text, list or object, or one of nothing
    /// but such values). Whatever else it is, text, number, list or object, is an error.
    /// </summary>
    public static string? Error(JsonStream json)
    {
        string? found = null;
        switch (json.Token)
        {
            case JsonTokenType.StartObject:
                json.Object(part =>
                {
                    var inner = Error(json);
                    found = part == "message" ? inner ?? found : found ?? inner;
                });
                return found;
            case JsonTokenType.StartArray:
                json.ArrayIfAny(() => found = Error(json) ?? found);
                return found;
            default:
                var value = json.Scalar();
                return value.IsNull || value.Flag == false || value.Text is "" ? null : value.Text ?? $"error: {Word(value)}";
        }
    }

    /// <summary>
    /// Where this looked at what stands beside the cases: a file that says such a thing of itself is not that of a whole run.
    /// </summary>
    /// <exception cref="ResultsException">A word speaks against the file.</exception>
    public void CheckFile()
    {
        if (Fault is not null)
            throw new ResultsException(EvalReasons.RunIncomplete, $"beside its cases the file says: {Fault}");
    }

    /// <summary>The current value where it must be true or false; null, and a fault, for anything else. JSON's null says nothing.</summary>
    public bool? Flag(string name)
    {
        var value = json.Scalar();
        if (value.Flag is null && !value.IsNull)
            NotUnderstood(name, value);
        return value.Flag;
    }

    /// <summary>Notes that a member's value is not understood.</summary>
    public void NotUnderstood(string name, JsonScalar value) => Fault ??= $"{Short(name)} is {Word(value)}, which is not understood";

    /// <summary>
    /// Looks at a member that the reader does not know and, where it is an object or a list, at each member in it, however deep.
    /// </summary>
    public void LookInto(string name)
    {
        if (StatusWords.TellsOutcome(name) || json.Token is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            Look(name);
        else if (json.Token == JsonTokenType.StartObject)
            json.Object(LookInto);
        else
            json.ArrayIfAny(() => LookInto(string.Empty));
    }

    /// <summary>Looks at a member that the reader does not know.</summary>
    public void Look(string name)
    {
        if (!StatusWords.TellsOutcome(name))
            return;
        if (json.Token is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            // One named "errors" is a list of them; one named "status" may say anything.
            if (!StatusWords.IsDenial(name))
                NotUnderstood(name, json.Scalar());
            else if (Error(json) is { } error)
                Fault ??= $"{Short(name)}: {Short(error)}";
            return;
        }
        var value = json.Scalar();
        if (value.IsNull)
            return;
        var text = value.Text ?? Word(value);
        if (StatusWords.Said(name, text) != CaseOutcome.Passed)
            Fault ??= $"{Short(name)} is {Word(value)}, which is not that of a pass";
    }

    private static string Short(string text) =>
        text.Length <= MaxWord ? text : text[..(char.IsHighSurrogate(text[MaxWord - 1]) ? MaxWord - 1 : MaxWord)] + "…";
}

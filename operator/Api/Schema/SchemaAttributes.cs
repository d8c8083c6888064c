namespace AgentReadiness.Api.Schema;

// The attributes have the names of KubeOps, so that its users can read our types. KubeOps has no attribute for categories; that one is
// ours.

/// <summary>Short names of a kind, for kubectl.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityShortNamesAttribute(params string[] shortNames) : Attribute
{
    /// <summary>The names.</summary>
    public IReadOnlyList<string> ShortNames { get; } = shortNames;
}

/// <summary>Categories of a kind: <c>kubectl get CATEGORY</c> lists every kind in it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CategoriesAttribute(params string[] categories) : Attribute
{
    /// <summary>The names.</summary>
    public IReadOnlyList<string> Categories { get; } = categories;
}

/// <summary>A printer column.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GenericAdditionalPrinterColumnAttribute(string jsonPath, string name, string type) : Attribute
{
    /// <summary>Where the value is.</summary>
    public string JsonPath { get; } = jsonPath;

    /// <summary>The column's title.</summary>
    public string Name { get; } = name;

    /// <summary>string, integer, number, boolean or date.</summary>
    public string Type { get; } = type;

    /// <summary>0 is always shown; above 0 only with <c>-o wide</c>.</summary>
    public int Priority { get; init; }
}

/// <summary>The kind has a <c>/scale</c> subresource.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ScaleSubresourceAttribute(string specReplicasPath, string statusReplicasPath, string labelSelectorPath) : Attribute
{
    /// <summary>JSON path of the declared replicas.</summary>
    public string SpecReplicasPath { get; } = specReplicasPath;

    /// <summary>JSON path of the observed replicas.</summary>
    public string StatusReplicasPath { get; } = statusReplicasPath;

    /// <summary>JSON path of the serialised pod selector.</summary>
    public string LabelSelectorPath { get; } = labelSelectorPath;
}

/// <summary>A CEL rule on a type or a property. A server older than 1.25 ignores it, so the reconciler checks each rule again.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
public sealed class ValidationRuleAttribute(string rule, string message) : Attribute
{
    /// <summary>The CEL expression.</summary>
    public string Rule { get; } = rule;

    /// <summary>What the user reads when it is false.</summary>
    public string Message { get; } = message;
}

/// <summary>The property must be present.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

/// <summary>A regular expression that the string (or each element of a list of strings) matches.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string pattern) : Attribute
{
    /// <summary>The expression, RE2.</summary>
    public string Pattern { get; } = pattern;
}

/// <summary>Bounds on the length of a string (or of each element of a list of strings).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LengthAttribute(int minLength, int maxLength) : Attribute
{
    /// <summary>Fewest characters.</summary>
    public int MinLength { get; } = minLength;

    /// <summary>Most characters.</summary>
    public int MaxLength { get; } = maxLength;
}

/// <summary>Inclusive bounds of a number.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(long minimum, long maximum) : Attribute
{
    /// <summary>The smallest value.</summary>
    public long Minimum { get; } = minimum;

    /// <summary>The largest value.</summary>
    public long Maximum { get; } = maximum;
}

/// <summary>Bounds on the number of elements of a list (or of entries of a map).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute(int minItems, int maxItems) : Attribute
{
    /// <summary>Fewest elements.</summary>
    public int MinItems { get; } = minItems;

    /// <summary>Most elements.</summary>
    public int MaxItems { get; } = maxItems;
}

/// <summary>The value that the API server fills in, as JSON (<c>"\"0.95\""</c>, <c>1</c>, <c>{}</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultJsonAttribute(string json) : Attribute
{
    /// <summary>The JSON text.</summary>
    public string Json { get; } = json;
}

/// <summary>The object's fields are not listed here and must all be kept.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PreserveUnknownFieldsAttribute : Attribute;

/// <summary>How a list merges under server-side apply: atomic, set or map.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class XListTypeAttribute(string listType, params string[] mapKeys) : Attribute
{
    /// <summary>atomic, set or map.</summary>
    public string ListType { get; } = listType;

    /// <summary>The keys of a map list.</summary>
    public IReadOnlyList<string> MapKeys { get; } = mapKeys;
}

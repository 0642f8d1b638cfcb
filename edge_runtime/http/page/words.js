// Figures and times as people read them.

const whole = new Intl.NumberFormat("en");

export const count = (number) => whole.format(number);
export const UNKNOWN = "unknown"; // the label of what no score is high enough for

/** Neither certainty nor impossibility is made by rounding. */
export function percent(score) {
  if (score > 0.995 && score < 1) return ">99 %";
  return score > 0 && score < 0.005 ? "<1 %" : `${Math.round(score * 100)} %`;
}

export function seconds(value) {
  if (!value) return "–";
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 0.01) return `${(value * 1000).toFixed(1)} ms`;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${value.toFixed(1)} s`;
  return lasting(value);
}

/** From capture to judgement: nobody cares for microseconds there. */
export const age = (value) => (value && value < 0.001 ? "<1 ms" : seconds(value));

export function lasting(value) {
  const minutes = Math.floor(value / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${Math.floor(value)} s`;
}

export function bytes(value) {
  if (value === null || value === undefined) return null;
  return value < 1e9 ? `${Math.round(value / 1e6)} MB` : `${(value / 1e9).toFixed(1)} GB`;
}

export function clock(stamp) {
  const date = new Date(stamp);
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function moment(stamp) {
  return new Date(stamp).toLocaleString();
}

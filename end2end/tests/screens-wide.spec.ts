// Every screen on a desk: also by the Tab key, and in the dark.
import { everyScreen } from '../walk.ts';

everyScreen('lebar');
